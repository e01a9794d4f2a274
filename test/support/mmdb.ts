/** Writes small MaxMind DB files for tests: https://maxmind.github.io/MaxMind-DB/ */

type Value = string | number | { [key: string]: Value };
type Node = { children: (Node | Value | undefined)[] };

const METADATA_START = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1');
const isNode = (it: Node | Value | undefined): it is Node => typeof it === 'object' && 'children' in it;

/** A control byte with a type and a size below 29 (or one more byte). */
function control(type: number, size: number): Buffer {
  const [first, ...more] = size < 29 ? [size] : [29, size - 29];
  return Buffer.from(type < 8 ? [(type << 5) | first, ...more] : [first, type - 7, ...more]);
}

function encode(value: Value): Buffer {
  if (typeof value === 'string') return Buffer.concat([control(2, Buffer.byteLength(value)), Buffer.from(value)]);
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return Buffer.concat([control(6, 4), bytes]);
  }
  const entries = Object.entries(value);
  return Buffer.concat([control(7, entries.length), ...entries.flatMap(([key, it]) => [encode(key), encode(it)])]);
}

function insert(root: Node, bits: string, record: Value): void {
  let node = root;
  for (const bit of bits.slice(0, -1)) {
    const next = node.children[Number(bit)];
    if (isNode(next)) node = next;
    else {
      const made: Node = { children: [] };
      node.children[Number(bit)] = made;
      node = made;
    }
  }
  node.children[Number(bits.at(-1))] = record;
}

function writeRecords(bytes: Buffer, node: number, [left, right]: number[], recordSize: number): void {
  const at = (node * recordSize) / 4;
  if (recordSize === 28) {
    bytes.writeUIntBE(left & 0xffffff, at, 3);
    bytes[at + 3] = ((left >>> 24) << 4) | (right >>> 24);
    bytes.writeUIntBE(right & 0xffffff, at + 4, 3);
    return;
  }
  const size = recordSize / 8;
  bytes.writeUIntBE(left, at, size);
  bytes.writeUIntBE(right, at + size, size);
}

/**
 * @param networks prefixes as bits ("0101…", at most 32 or 128), not overlapping, each with its record
 * @param recordSize 24, 28 or 32
 * @param builtAtSec since the epoch
 */
export function mmdb(networks: Record<string, Value>, ipVersion: 4 | 6, recordSize: number, builtAtSec = 1): Buffer {
  const root: Node = { children: [] };
  for (const [bits, record] of Object.entries(networks)) insert(root, bits, record);

  const nodes = [root];
  for (const node of nodes) for (const child of node.children) if (isNode(child)) nodes.push(child);
  const numbers = new Map(nodes.map((node, i) => [node, i]));
  const tree = Buffer.alloc((nodes.length * recordSize) / 4);
  const data: Buffer[] = [];
  let dataLength = 0;
  const recordOf = (child: Node | Value | undefined): number => {
    if (child === undefined) return nodes.length;
    if (isNode(child)) return numbers.get(child) as number;
    const pointer = nodes.length + 16 + dataLength;
    data.push(encode(child));
    dataLength += data[data.length - 1].length;
    return pointer;
  };
  for (const [i, node] of nodes.entries()) writeRecords(tree, i, [recordOf(node.children[0]), recordOf(node.children[1])], recordSize);

  const metadata = {
    record_size: recordSize,
    node_count: nodes.length,
    ip_version: ipVersion,
    build_epoch: builtAtSec,
    database_type: 'test',
  };
  return Buffer.concat([tree, Buffer.alloc(16), ...data, METADATA_START, encode(metadata)]);
}
