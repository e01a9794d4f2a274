/** Numbers that name something in a path. */
import { Failure } from '../core/failure.ts';
import type { Exchange } from './route.ts';

/** The parameter `id` of the path. @throws Failure not_found for what cannot be one, without asking the store */
export function idOf({ params }: Exchange): number {
  const id = Number(params.id);
  if (!/^[1-9]\d{0,15}$/.test(params.id) || !Number.isSafeInteger(id)) throw new Failure('not_found', 'There is nothing of that number');
  return id;
}
