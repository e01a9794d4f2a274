import { BlockList } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addressBytes } from '../../src/http/ip-address.ts';
import { type TrustedProxies, trustedProxies } from '../../src/http/trusted-proxies.ts';
import { randomFrom, seed } from '../support/seed.ts';

const random = randomFrom(seed);

function trusts(isTrusted: TrustedProxies | null, address: string): boolean {
  const bytes = addressBytes(address);
  if (bytes === null || isTrusted === null) throw new Error(`nothing to ask about ${address}`);
  return isTrusted(bytes);
}

const it = suite('trusted proxies');

it('are addresses and networks of both kinds', () => {
  const isTrusted = trustedProxies(['10.0.0.0/8', '192.168.1.7', '2001:db8::/32', '::1']);
  for (const address of ['10.255.0.1', '192.168.1.7', '2001:db8::5', '::1', '::ffff:10.0.0.1'])
    assert.ok(trusts(isTrusted, address), address);
  for (const address of ['11.0.0.1', '192.168.1.8', '2001:db9::5', '::2', '::10.0.0.1']) assert.not(trusts(isTrusted, address), address);
});

it('may be written as IPv4 in the clothes of IPv6', () => {
  const isTrusted = trustedProxies(['::ffff:10.0.0.0/104', '::ffff:1.2.3.4']);
  for (const address of ['10.9.9.9', '::ffff:10.0.0.1', '1.2.3.4']) assert.ok(trusts(isTrusted, address), address);
  for (const address of ['11.0.0.1', '1.2.3.5', '::1']) assert.not(trusts(isTrusted, address), address);
});

it('are nobody when none is named, and everybody with /0', () => {
  assert.is(trustedProxies([]), null);
  assert.ok(trusts(trustedProxies(['0.0.0.0/0']), '203.0.113.5'));
  assert.not(trusts(trustedProxies(['0.0.0.0/0']), '2001:db8::1'));
  assert.ok(trusts(trustedProxies(['::/0']), '2001:db8::1'));
});

/** Few different bytes, so that networks are met. */
const someByte = () => [0, 1, 127, 128, 254, 255][Math.floor(random() * 6)];
const someAddress = (length: number): string => {
  const bytes = Array.from({ length }, someByte);
  if (length === 4) return bytes.join('.');
  return Array.from({ length: 8 }, (_, i) => ((bytes[i * 2] << 8) | bytes[i * 2 + 1]).toString(16)).join(':');
};

it('property: the answer is that of node:net', () => {
  let trusted = 0;
  for (let n = 0; n < 5_000; n++) {
    const length = n % 2 === 0 ? 4 : 16;
    const family = length === 4 ? 'ipv4' : 'ipv6';
    const [network, bits] = [someAddress(length), Math.floor(random() * (length === 4 ? 33 : 20))];
    const address = someAddress(length);
    const list = new BlockList();
    list.addSubnet(network, bits, family);
    const expected = list.check(address, family);
    assert.is(trusts(trustedProxies([`${network}/${bits}`]), address), expected, `${address} in ${network}/${bits}`);
    if (expected) trusted++;
  }
  assert.ok(trusted > 100, `${trusted} of them were trusted`);
});

it.run();
