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

/**
 * The same, in the title, too. Its last condition is only there for the index, see migrations/0006, and follows from the one before it.
 */
export function ownLinkHas(search: string, parameter: Parameter): string {
  const pattern = parameter(containing(search));
  return `(${linkHas(search, parameter)} OR (title ILIKE ${pattern} AND ascii_letters(title) LIKE ascii_letters(${pattern})))`;
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
