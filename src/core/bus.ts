/**
 * What nodes say to each other over the bus (storage/redis/bus.ts), as JSON. A message is read only when it is whole, of this version and of a
 * kind that is known: what comes over the network is not believed.
 */
import { CELLS_MAX, type Cells } from './announce.ts';
import { VERSION_CELLS } from './shared.ts';

/** Moves on whenever a message means something else than before: cells, for one, are the same only where VERSION_CELLS and the hash are. */
export const BUS_VERSION = 1;
export const BUS_MESSAGE_MAX_BYTES = 64 << 10;

/** A closed set. What begins a new kind: a variant here, and how it is read in READERS. */
export type BusBody =
  /** These cells have moved (shared.ts). */
  | { type: 'changed'; cells: Cells }
  /** The sender could not say what has changed for a while: anything may have. */
  | { type: 'missed' }
  /** The sender has stored clicks: numbers that are shown live may have changed. */
  | { type: 'stored' }
  /** The sender has taken in what came with this id. */
  | { type: 'ack'; of: number }
  /** The sender is there, and hears itself. */
  | { type: 'beat' };

/** What is answered by an `ack`. */
export const ACKNOWLEDGED: ReadonlySet<BusBody['type']> = new Set(['changed', 'missed']);

export type BusMessage = { from: string; id: number; body: BusBody };

export type BusBodyOf<T extends BusBody['type']> = Extract<BusBody, { type: T }>;

export const encodeBusMessage = ({ from, id, body }: BusMessage): string => JSON.stringify({ v: BUS_VERSION, from, id, ...body });

/** @returns null for what is no message of this version */
export function decodeBusMessage(text: string): BusMessage | null {
  if (text.length > BUS_MESSAGE_MAX_BYTES) return null;
  const fields = fieldsOf(text);
  if (fields?.v !== BUS_VERSION || !isNodeName(fields.from) || !isCount(fields.id)) return null;
  const body = readBody(fields);
  return body === null ? null : { from: fields.from, id: fields.id, body };
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null; // it is no JSON: nothing that a node has sent
  }
}

const READERS: { [T in BusBody['type']]: (fields: Fields) => BusBodyOf<T> | null } = {
  changed: ({ cells }) => (areCells(cells) ? { type: 'changed', cells } : null),
  missed: () => ({ type: 'missed' }),
  stored: () => ({ type: 'stored' }),
  ack: ({ of }) => (isCount(of) ? { type: 'ack', of } : null),
  beat: () => ({ type: 'beat' }),
};

const isKind = (type: unknown): type is BusBody['type'] => typeof type === 'string' && Object.hasOwn(READERS, type);

const readBody = (fields: Fields): BusBody | null => (isKind(fields.type) ? READERS[fields.type](fields) : null);

/** A node's name on the bus: 8 random bytes. */
const isNodeName = (value: unknown): value is string => typeof value === 'string' && /^[0-9a-f]{16}$/.test(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
const isCell = (value: unknown): value is number => isCount(value) && value < VERSION_CELLS;
const areCells = (value: unknown): value is Cells =>
  value === 'all' || (Array.isArray(value) && value.length <= CELLS_MAX && value.every(isCell));
