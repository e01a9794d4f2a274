import { plural, words } from '../../words.ts';

export const reports = words(
  {
    title: 'Daily report',
    hint: 'A PDF about all your links on the day before: clicks, repeats, devices, hours, countries.',
    daily: 'Send it by mail each day, shortly after my midnight',
    preview: "Look at yesterday's",
    send: "Send me yesterday's now",
    sent: (email: string) => `The report is on its way to ${email}.`,
    noLinks: 'You have no links yet, so there is nothing to report.',
    firstLink: 'Make the first one',
    unconfirmed: 'It can be sent once your e-mail address is confirmed.',
    throttled: (minutes: number) =>
      `Reports have been sent to you a moment ago. The next one can be had in ${plural('en', minutes, { one: '# minute', other: '# minutes' })}; looking at it works now.`,
    day: 'Day',
    drawing: 'The report is being made…',
    open: 'Open in a new tab',
  },
  {
    title: 'Ежедневный отчёт',
    hint: 'PDF обо всех ваших ссылках за прошедший день: клики, повторы, устройства, часы, страны.',
    daily: 'Присылать по почте каждый день, вскоре после моей полуночи',
    preview: 'Посмотреть вчерашний',
    send: 'Прислать вчерашний сейчас',
    sent: (email: string) => `Отчёт скоро придёт на ${email}.`,
    noLinks: 'Ссылок пока нет, отчитываться не о чем.',
    firstLink: 'Создать первую',
    unconfirmed: 'Прислать отчёт можно будет после подтверждения почты.',
    throttled: (minutes: number) =>
      `Отчёты вам только что отправляли. Следующий можно запросить через ${plural('ru', minutes, { one: '# минуту', few: '# минуты', many: '# минут', other: '# минуты' })}, посмотреть — уже сейчас.`,
    day: 'День',
    drawing: 'Отчёт готовится…',
    open: 'Открыть в новой вкладке',
  },
);
