import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { clientAddress, clientOf } from '../../src/http/client-address.ts';
import { addressBytes } from '../../src/http/ip-address.ts';
import { startServer } from '../../src/http/server.ts';
import { type TrustedProxies, trustedProxies } from '../../src/http/trusted-proxies.ts';
import { rawRequest } from '../support/raw-http.ts';
import { randomFrom, seed } from '../support/seed.ts';

const test = suite('client address');
const random = randomFrom(seed);

const MAX_LENGTH = 1024;

function trusting(...proxies: string[]): TrustedProxies {
  const isTrusted = trustedProxies(proxies);
  if (isTrusted === null) throw new Error('nobody is trusted');
  return isTrusted;
}
const trusted = trusting('10.0.0.0/8', 'fd00::/8');
const bytesOf = (text: string): ArrayBuffer => {
  const bytes = addressBytes(text);
  if (bytes === null) throw new Error(`${text} is no address`);
  return bytes;
};
const hex = (bytes: ArrayBuffer | null) => (bytes === null ? null : Buffer.from(bytes).toString('hex'));
const client = (remote: string, forwarded: string, list = trusted) => hex(clientOf(bytesOf(remote), forwarded, list));
const is = (remote: string, forwarded: string, expected: string) => assert.is(client(remote, forwarded), hex(bytesOf(expected)), forwarded);

test('what is an address', () => {
  assert.is(hex(addressBytes('1.2.3.4')), '01020304');
  assert.is(hex(addressBytes('1.2.3.4:56789')), '01020304');
  assert.is(hex(addressBytes('255.255.255.255')), 'ffffffff');
  assert.is(hex(addressBytes('::')), '0'.repeat(32));
  assert.is(hex(addressBytes('::1')), `${'0'.repeat(31)}1`);
  assert.is(hex(addressBytes('2001:db8::8:800:200C:417A')), '20010db80000000000080800200c417a');
  assert.is(hex(addressBytes('1:2:3:4:5:6:7:8')), '00010002000300040005000600070008');
  assert.is(hex(addressBytes('1::')), `0001${'0'.repeat(28)}`);
  assert.is(hex(addressBytes('[2001:db8::1]')), `20010db8${'0'.repeat(23)}1`);
  assert.is(hex(addressBytes('[2001:db8::1]:443')), `20010db8${'0'.repeat(23)}1`);
  assert.is(hex(addressBytes('fe80::1%eth0')), `fe80${'0'.repeat(27)}1`);
  assert.is(hex(addressBytes('::ffff:1.2.3.4')), `${'0'.repeat(20)}ffff01020304`);
  assert.is(hex(addressBytes('64:ff9b::1.2.3.4')), `0064ff9b${'0'.repeat(16)}01020304`);
});

test('what is no address', () => {
  const garbage = [
    '',
    ' ',
    'unknown',
    '_hidden',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '0x7f.1',
    '1.2.3.4:',
    '1.2.3.4:x',
    '1.2.3.4/8',
  ];
  const garbage6 = [
    '[1.2.3.4',
    '[::1',
    '::1]',
    '[]',
    '[]:80',
    '1::2::3',
    ':::',
    '12345::',
    '[::1]x',
    '::1%',
    'g::1',
    '%',
    '[%]',
    '\0',
    '１.２.３.４',
  ];
  for (const text of [...garbage, ...garbage6]) assert.is(hex(addressBytes(text)), null, JSON.stringify(text));
});

test('property: what the system writes out is read back', () => {
  for (let n = 0; n < 2_000; n++) {
    const bytes = Uint8Array.from({ length: n % 2 === 0 ? 4 : 16 }, () => (random() < 0.4 ? 0 : Math.floor(random() * 256)));
    const groups = Array.from({ length: 8 }, (_, i) => ((bytes[i * 2] << 8) | bytes[i * 2 + 1]).toString(16));
    const text = bytes.length === 4 ? bytes.join('.') : groups.join(':');
    assert.is(hex(addressBytes(text)), Buffer.from(bytes).toString('hex'));
    if (bytes.length === 16)
      assert.is(hex(addressBytes(new URL(`http://[${text}]`).hostname)), Buffer.from(bytes).toString('hex'), 'shortened');
  }
});

test('a peer that is not trusted is the client, whatever it says', () => {
  is('1.2.3.4', '5.6.7.8', '1.2.3.4');
  is('1.2.3.4', '10.0.0.1', '1.2.3.4');
  is('2001:db8::1', '5.6.7.8, 10.0.0.1', '2001:db8::1');
});

test('a chain is read from the right, up to the first that is not trusted', () => {
  is('10.0.0.1', '5.6.7.8', '5.6.7.8');
  is('10.0.0.1', '5.6.7.8, 10.9.9.9, 10.8.8.8', '5.6.7.8');
  is('fd00::1', '5.6.7.8,fd00::2', '5.6.7.8');
  is('10.0.0.1', '  2001:db8::7  ', '2001:db8::7');
  is('10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3');
});

test('what a client has put in front is not believed', () => {
  is('10.0.0.1', '9.9.9.9, 5.6.7.8', '5.6.7.8');
  is('10.0.0.1', '10.0.0.9, 5.6.7.8, 10.0.0.2', '5.6.7.8');
  is('10.0.0.1', 'x'.repeat(500).concat(', 5.6.7.8'), '5.6.7.8');
});

test('what is no address ends the chain at the proxy that sent it', () => {
  is('10.0.0.1', 'unknown', '10.0.0.1');
  is('10.0.0.1', '9.9.9.9, garbage, 10.0.0.2', '10.0.0.2');
  is('10.0.0.1', '9.9.9.9,', '10.0.0.1');
  is('10.0.0.1', ',,,', '10.0.0.1');
});

test('IPv4 in the clothes of IPv6, ports and brackets are seen through', () => {
  is('::ffff:10.0.0.1', '5.6.7.8', '5.6.7.8');
  is('10.0.0.1', '5.6.7.8, ::ffff:10.0.0.2', '5.6.7.8');
  is('10.0.0.1', '5.6.7.8:1234, [fd00::5]:443, 10.0.0.2:80', '5.6.7.8');
  is('::ffff:1.2.3.4', '5.6.7.8', '::ffff:1.2.3.4');
});

test('an address cut where a long header is cropped is not believed', () => {
  const address = '203.0.113.77';
  for (let cut = 0; cut <= address.length; cut++) {
    // The crop leaves `address` without its first `cut` characters, and trusted proxies behind it.
    const room = MAX_LENGTH - (address.length - cut);
    const proxies = ',10.0.0.2'.repeat(Math.floor(room / 9));
    const tail = proxies + ' '.repeat(room - proxies.length);
    const forwarded = `1.1.1.1,${address}${tail}`;
    assert.is(forwarded.slice(-MAX_LENGTH), address.slice(cut) + tail);
    is('10.0.0.1', forwarded, '10.0.0.2');
  }
});

/** A server that answers with the address it takes the client for. */
async function asking(isTrusted: TrustedProxies | null) {
  const addressOf = clientAddress(isTrusted);
  return startServer('127.0.0.1', 0, (app) => {
    app.get('/*', (res, req) => {
      res.end(Buffer.from(addressOf(res, req)).toString('hex'));
    });
  });
}

const get = async (port: number, ...headers: string[]) =>
  (await rawRequest(port, `GET / HTTP/1.1\r\nHost: x\r\n${headers.map((it) => `${it}\r\n`).join('')}\r\n`)).split('\r\n\r\n')[1];

test('on a real connection: nobody trusted, the peer trusted, the peer not trusted', async () => {
  for (const [list, expected] of [
    [null, '7f000001'],
    [trusting('10.0.0.0/8'), '7f000001'],
    [trusting('127.0.0.0/8'), '05060708'],
  ] as const) {
    const server = await asking(list);
    assert.is(await get(server.value.port, 'X-Forwarded-For: 9.9.9.9, 5.6.7.8'), expected);
    assert.is(await get(server.value.port), '7f000001');
    await server.stop();
  }
});

test('a proxy may add a line of its own: the lines are one list', async () => {
  const server = await asking(trusting('127.0.0.0/8'));
  assert.is(await get(server.value.port, 'X-Forwarded-For: 9.9.9.9', 'X-Forwarded-For: 5.6.7.8'), '05060708');
  assert.is(await get(server.value.port, 'X-Forwarded-For: 9.9.9.9', 'x-forwarded-for: 5.6.7.8, 127.0.0.2'), '05060708');
  assert.is(await get(server.value.port, 'X-Forwarded-For:', 'X-Forwarded-For: 5.6.7.8'), '05060708');
  await server.stop();
});

test('10,000 forged headers are one address', async () => {
  const server = await asking(trusting('10.0.0.0/8'));
  const forged = () => Array.from({ length: 4 }, () => Math.floor(random() * 256)).join('.');
  const seen = new Set<string>();
  for (let n = 0; n < 10_000; n += 100) {
    const headers = () => `GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ${forged()}, ${forged()}\r\n\r\n`;
    const answers = await Promise.all(Array.from({ length: 100 }, () => rawRequest(server.value.port, headers())));
    for (const answer of answers) seen.add(answer.split('\r\n\r\n')[1]);
  }
  assert.equal(seen, new Set(['7f000001']));
  await server.stop();
});

test.run();
