/** Searching for a part of a text, in capitals or not. The conditions fit the trigram indexes of migrations/0003. */
import { searchForms } from '../../core/search.ts';

/** The pattern of ILIKE that finds a text anywhere, taken literally. */
export const containing = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`;

/**
 * Whether a row of `links` has what was searched for in its slug or target.
 * @param parameter adds a value of the query, and names its placeholder
 */
export function linkHas(search: string, parameter: (value: unknown) => string): string {
  const conditions = searchForms(search).flatMap((form) => {
    const pattern = parameter(containing(form));
    return [`slug ILIKE ${pattern}`, `target ILIKE ${pattern}`];
  });
  return `(${conditions.join(' OR ')})`;
}

/** Conditions of a query, and the values of their placeholders. */
export function queryConditions() {
  const values: unknown[] = [];
  const conditions: string[] = [];
  const parameter = (value: unknown): string => `$${values.push(value)}`;
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
