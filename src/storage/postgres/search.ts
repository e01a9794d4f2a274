/** Searching for a part of a text, in capitals or not. The conditions fit the trigram indexes of migrations/0003. */
import { searchForms } from '../../core/search.ts';

/** Adds a value of a query. @returns its placeholder */
export type Parameter = (value: unknown) => string;

/** The pattern of ILIKE that finds a text anywhere, taken literally. */
export const containing = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`;

/** Whether a row of `links` has what was searched for in its slug or target. */
export function linkHas(search: string, parameter: Parameter): string {
  const conditions = searchForms(search).flatMap((form) => {
    const pattern = parameter(containing(form));
    return [`slug ILIKE ${pattern}`, `target ILIKE ${pattern}`];
  });
  return `(${conditions.join(' OR ')})`;
}

/** The characters that the index of titles knows as parts of words, see migrations/0006. */
const LETTER = 'a-z0-9а-яёіїєґў';
/** What a trigram can be made of: three letters, one at a beginning, or two at an end. */
const HAS_TRIGRAM = new RegExp(`[${LETTER}]{3}|[^${LETTER}][${LETTER}]|[${LETTER}]{2}[^${LETTER}]`, 'iu');

/**
 * The same, in the title, too, which comes first: what is not written in ASCII is hardly found elsewhere. The condition on `ascii_letters` is
 * only there for the index, see migrations/0006, and follows from the one before it; without a trigram it would have the whole index read, in
 * a loop of Postgres's that hears of no deadline.
 */
export function ownLinkHas(search: string, parameter: Parameter): string {
  const pattern = parameter(containing(search));
  const forIndex = HAS_TRIGRAM.test(search) ? ` AND ascii_letters(title) LIKE ascii_letters(${pattern})` : '';
  return `((title ILIKE ${pattern}${forIndex}) OR ${linkHas(search, parameter)})`;
}

/** Conditions of a query, and the values of their placeholders. @param first values of those that are written out: $1 and so on */
export function queryConditions(...first: unknown[]) {
  const values: unknown[] = [...first];
  const conditions: string[] = [];
  const parameter: Parameter = (value) => `$${values.push(value)}`;
  return {
    values,
    parameter,
    /** @param condition from the placeholder of the value, in the form of the query; an undefined value is no condition */
    where<T>(value: T | undefined, condition: (placeholder: string) => string, form: (value: T) => unknown = (it) => it): void {
      if (value !== undefined) conditions.push(condition(parameter(form(value))));
    },
    add: (condition: string) => void conditions.push(condition),
    /** `WHERE …`, or nothing. */
    text: () => (conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`),
  };
}
