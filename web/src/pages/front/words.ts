import { words } from '../../words.ts';

export const front = words(
  {
    title: 'A long link, made short',
    lead: 'Paste an address and press Enter. Nothing else is asked.',
    label: 'Long address',
    placeholder: 'https://…',
    shorten: 'Shorten',
    ready: 'Your short link',
    leadsTo: 'leads to',
    downloadQr: 'QR code',
    another: 'Another one',
    recent: 'Made in this browser',
    recentHint: 'Only this browser keeps the list. Guest links have no statistics, and give way when nobody uses them.',
    clear: 'Clear the list',
    notUrl: 'This is no web address. It should look like https://example.com/page.',
    offers: [
      {
        title: 'Every click counts',
        text: 'A click is written to disk before the visitor is sent on. Nothing is lost, and nothing is counted twice.',
      },
      {
        title: 'Numbers as of now',
        text: 'Devices, countries, hours of the day and repeat clicks, live, in your time zone. No cookies, no stored addresses.',
      },
      {
        title: 'Links with rules',
        text: 'A password, a limit of clicks, a beginning and an end. Change where a link leads at any time.',
      },
    ],
    account: 'With an account you see who clicked, name your links, and get a report each morning.',
  },
  {
    title: 'Длинная ссылка станет короткой',
    lead: 'Вставьте адрес и нажмите Enter. Больше ничего не нужно.',
    label: 'Длинный адрес',
    placeholder: 'https://…',
    shorten: 'Сократить',
    ready: 'Ваша короткая ссылка',
    leadsTo: 'ведёт на',
    downloadQr: 'QR-код',
    another: 'Ещё одну',
    recent: 'Созданы в этом браузере',
    recentHint: 'Список хранит только этот браузер. У гостевых ссылок нет статистики; те, которыми не пользуются, со временем исчезают.',
    clear: 'Очистить список',
    notUrl: 'Это не веб-адрес. Он должен выглядеть так: https://example.com/page.',
    offers: [
      {
        title: 'Считается каждый клик',
        text: 'Клик записан на диск раньше, чем посетитель перейдёт дальше. Ничего не теряется и не считается дважды.',
      },
      {
        title: 'Цифры на эту секунду',
        text: 'Устройства, страны, часы и повторные клики в реальном времени и в вашем часовом поясе. Без cookie и без хранения адресов.',
      },
      {
        title: 'Ссылки с правилами',
        text: 'Пароль, число переходов, начало и конец. Адрес, на который ведёт ссылка, можно сменить в любой момент.',
      },
    ],
    account: 'С аккаунтом видно, кто переходил, у ссылок есть названия, а утром приходит отчёт.',
  },
);
