import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { COUNTER_NAMES, COUNTERS } from '../../src/core/counters.ts';
import { isLoopback } from '../../src/http/metrics.ts';
import { METRICS_TOKEN, startApi } from '../support/api-server.ts';

const server = await startApi();
const { send, reasons, ann, counter } = server.value;

const test = suite('health and metrics');

test.after(() => server.stop());

test('the process is up', async () => {
  const { status, json } = await send('GET', '/healthz');
  assert.equal([status, json], [200, 'ok']);
  assert.is((await send('HEAD', '/healthz')).status, 200);
  assert.is((await send('POST', '/healthz')).status, 405);
});

test('ready, or why not', async () => {
  assert.equal((await send('GET', '/readyz')).json, { status: 'ready', reasons: [] });
  reasons.push('starting');
  const { status, json } = await send('GET', '/readyz');
  assert.equal([status, json], [503, { status: 'not ready', reasons: ['starting'] }]);
  reasons.length = 0;
  assert.is((await send('GET', '/readyz')).status, 200);
});

test('every counter, the gauges and the process are in the metrics', async () => {
  await send('POST', '/api/v1/links', { key: ann, body: { url: 'https://example.com/' } });
  const { status, headers, json } = await send('GET', '/metrics');
  assert.is(status, 200);
  assert.match(headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  const value = (name: string) => Number(new RegExp(`^${name} (.+)$`, 'm').exec(json)?.[1]);
  assert.is(value('elnk_links_created_total'), counter('linksCreated'));
  assert.is(value('elnk_click_log_backlog_bytes'), 12_345);
  assert.is(value('elnk_backlog_high_water_bytes'), 0);
  assert.ok(value('process_resident_memory_bytes') > 1e6);
  for (const name of COUNTER_NAMES) assert.ok(json.includes(COUNTERS[name].en), name);
  assert.is((await send('GET', '/metrics')).status, 200); // a second time, nothing is registered twice
});

test('metrics are for this machine, or for whoever has the token', async () => {
  const status = async (headers: Record<string, string>) => (await send('GET', '/metrics', { headers })).status;
  for (const header of ['X-Forwarded-For', 'Forwarded', 'X-Real-IP', 'Via']) {
    assert.is(await status({ [header]: '127.0.0.1' }), 401);
    assert.is(await status({ [header]: 'x', Authorization: 'Bearer x' }), 401);
    assert.is(await status({ [header]: 'x', 'X-Api-Key': ann }), 401);
  }
  assert.is(await status({ 'X-Forwarded-For': '203.0.113.1', Authorization: `Bearer ${METRICS_TOKEN}x` }), 401);
  assert.is(await status({ 'X-Forwarded-For': '203.0.113.1', Authorization: `Bearer ${METRICS_TOKEN}` }), 200);
  assert.is(await status({ 'X-Forwarded-For': '203.0.113.1', 'X-Api-Key': METRICS_TOKEN }), 200);
});

test('which addresses are this machine', () => {
  const mapped = (...last: number[]) => Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...last]);
  const ipv6 = (first: number, last: number) => Uint8Array.from([first, ...new Array(14).fill(0), last]);
  for (const address of [Uint8Array.from([127, 0, 0, 1]), Uint8Array.from([127, 9, 9, 9]), mapped(127, 0, 0, 1), ipv6(0, 1)])
    assert.ok(isLoopback(address));
  for (const address of [Uint8Array.from([10, 0, 0, 1]), mapped(10, 0, 0, 127), ipv6(0, 2), ipv6(0x20, 1), ipv6(0, 0), new Uint8Array(0)]) {
    assert.not(isLoopback(address));
  }
});

test.run();
