/** Why a row made no link: the server's English words, and the same in Russian. Numbers and names are taken over. */
import { fieldWords, problems } from '../../common-words.ts';

const ROW_WORDS_RU: readonly (readonly [RegExp, string])[] = [
  [/^The slug (.*) is taken$/, 'адрес $1 занят'],
  [/^has a quotation mark that is not closed$/, 'кавычка не закрыта'],
  [/^has text behind a closing quotation mark$/, 'после закрывающей кавычки стоит текст'],
  [/^is longer than (\d+) characters$/, 'длиннее $1 символов'],
  [/^has (\d+) cells, and there are (\d+) columns$/, 'ячеек $1, а столбцов $2'],
  [/^this link had one, which is in no export.*$/, 'у ссылки был пароль, в экспорт он не попадает: задайте его или очистите hasPassword'],
  [/^Invalid input: expected string, received undefined$/, 'нужен'],
  [/^Invalid input: expected .*$/, 'нужно целое число'],
  [/^Invalid ISO datetime$/, 'нужно время вида 2027-01-31T09:00:00Z'],
  [/^must be later than validFrom$/, 'должно быть позже validFrom'],
];
const ROW_WORDS_EN: readonly (readonly [RegExp, string])[] = [
  [/^Invalid input: expected string, received undefined$/, 'is missing'],
  [/^Invalid input: expected .*$/, 'must be a whole number'],
  [/^Invalid ISO datetime$/, 'must be a time such as 2027-01-31T09:00:00Z'],
];
const QUOTA = /^The plan \w+ allows /;

export function reasonWords(reason: string, language: string): string {
  if (QUOTA.test(reason)) return problems.value.quota_exceeded;
  return reason
    .split('; ')
    .map((part) => {
      const [, field, message] = /^(\w+(?:\.\d+)?): (.*)$/s.exec(part) ?? [null, null, part];
      const said = sentence(message, language);
      return field === null ? said : `${field.replace(/\.\d+$/, '')}: ${said}`;
    })
    .join('; ');
}

function sentence(message: string, language: string): string {
  const known = (language === 'ru' ? ROW_WORDS_RU : ROW_WORDS_EN).find(([pattern]) => pattern.test(message));
  return known === undefined ? fieldWords(message, language) : message.replace(known[0], known[1]);
}
