/** What more than one page says. */
import { plural, words } from './words.ts';

export const common = words(
  {
    cancel: 'Cancel',
    close: 'Close',
    save: 'Save',
    delete: 'Delete',
    undo: 'Undo',
    copy: 'Copy',
    copied: 'Copied',
    retry: 'Try again',
    loading: 'Loading…',
    email: 'E-mail',
    password: 'Password',
    newPassword: 'New password',
    show: 'Show',
    hide: 'Hide',
    language: 'Language',
    theme: 'Theme',
    themes: { system: 'As the device', light: 'Light', dark: 'Dark' },
    signIn: 'Sign in',
    register: 'Create an account',
    signOut: 'Sign out',
    myLinks: 'My links',
    settings: 'Settings',
    administration: 'Administration',
    skipToContent: 'Skip to content',
    unreachable: 'The server cannot be reached. Check the connection and try again.',
    waitSeconds: (seconds: number) => `Please wait ${plural('en', seconds, { one: '# second', other: '# seconds' })}.`,
    waitMinutes: (minutes: number) => `Please wait ${plural('en', minutes, { one: '# minute', other: '# minutes' })}.`,
    notFound: 'There is no such page',
    notFoundText: 'The address may be misspelt, or what was here is gone.',
    toFront: 'To the front page',
  },
  {
    cancel: 'Отмена',
    close: 'Закрыть',
    save: 'Сохранить',
    delete: 'Удалить',
    undo: 'Вернуть',
    copy: 'Копировать',
    copied: 'Скопировано',
    retry: 'Ещё раз',
    loading: 'Загрузка…',
    email: 'Почта',
    password: 'Пароль',
    newPassword: 'Новый пароль',
    show: 'Показать',
    hide: 'Скрыть',
    language: 'Язык',
    theme: 'Тема',
    themes: { system: 'Как на устройстве', light: 'Светлая', dark: 'Тёмная' },
    signIn: 'Войти',
    register: 'Создать аккаунт',
    signOut: 'Выйти',
    myLinks: 'Мои ссылки',
    settings: 'Настройки',
    administration: 'Управление',
    skipToContent: 'К содержанию',
    unreachable: 'Сервер не отвечает. Проверьте соединение и попробуйте ещё раз.',
    waitSeconds: (seconds: number) =>
      `Подождите ${plural('ru', seconds, { one: '# секунду', few: '# секунды', many: '# секунд', other: '# секунды' })}.`,
    waitMinutes: (minutes: number) =>
      `Подождите ${plural('ru', minutes, { one: '# минуту', few: '# минуты', many: '# минут', other: '# минуты' })}.`,
    notFound: 'Такой страницы нет',
    notFoundText: 'Возможно, в адресе ошибка, или страницы больше нет.',
    toFront: 'На главную',
  },
);

/** Problems by their code (the server's words are English). */
export const problems = words<Readonly<Record<string, string>>>(
  {
    unconfirmed: 'Confirm your e-mail address first: until then no links can be made.',
    quota_exceeded: 'There are as many links as your plan allows. Delete one to make room.',
    slug_taken: 'This address is taken. Choose another one.',
    too_many_requests: 'Too many tries.',
    store_away: 'The server cannot do this right now. Try again in a moment.',
    deadline: 'The server took too long. Try again in a moment.',
    internal: 'Something went wrong on the server.',
    forbidden: 'This is not allowed.',
    not_found: 'It is no longer there.',
    stale: 'It was changed elsewhere in the meantime. Look at it again, then change it.',
    unauthenticated: 'You are not signed in any more. Sign in again.',
  },
  {
    unconfirmed: 'Сначала подтвердите почту: до этого ссылки создавать нельзя.',
    quota_exceeded: 'Ссылок уже столько, сколько позволяет тариф. Удалите одну, чтобы освободить место.',
    slug_taken: 'Этот адрес занят. Выберите другой.',
    too_many_requests: 'Слишком много попыток.',
    store_away: 'Сейчас сервер не может это сделать. Попробуйте через минуту.',
    deadline: 'Сервер отвечал слишком долго. Попробуйте через минуту.',
    internal: 'На сервере что-то пошло не так.',
    forbidden: 'Это не разрешено.',
    not_found: 'Этого больше нет.',
    stale: 'Тем временем это изменили в другом месте. Посмотрите ещё раз и повторите.',
    unauthenticated: 'Вы больше не вошли. Войдите снова.',
  },
);

/** The server's words for single fields, in Russian; English needs none. Numbers are taken over. */
const FIELD_WORDS_RU: readonly (readonly [RegExp, string])[] = [
  [/^must be a complete URL$/, 'нужен полный адрес'],
  [/^must begin with http/, 'адрес должен начинаться с http:// или https://'],
  [/^must not lead back/, 'ссылка не должна вести на этот же сервис'],
  [/^must not contain a user name/, 'в адресе не должно быть имени и пароля'],
  [/^must be at most (\d+) characters, also after/, 'не длиннее $1 символов'],
  [/^must have at least (\d+) characters$/, 'не короче $1 символов'],
  [/^must have at most (\d+) characters$/, 'не длиннее $1 символов'],
  [/^must have (\d+) to (\d+) characters$/, 'от $1 до $2 символов'],
  [/^is one of the passwords/, 'этот пароль подбирают первым: выберите другой'],
  [/^must be an e-mail address$/, 'это не адрес почты'],
  [/^may contain only ASCII/, 'только латинские буквы, цифры, «-» и «_»'],
  [/^is reserved$/, 'занято самим сервисом'],
  [/^must not be empty$/, 'не должно быть пустым'],
  [/^is wrong$/, 'неверно'],
  [/^is not valid any more$/, 'больше не действует'],
  [/^has an account already/, 'для этой почты уже есть аккаунт: войдите или задайте новый пароль'],
  [/^must be in the future$/, 'должно быть в будущем'],
];

export function fieldWords(message: string, language: string): string {
  if (language !== 'ru') return message;
  const known = FIELD_WORDS_RU.find(([pattern]) => pattern.test(message));
  return known === undefined ? message : message.replace(new RegExp(`${known[0].source}.*`), known[1]);
}
