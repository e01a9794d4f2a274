// timeout: 240 s
/**
 * G9: once a change is answered by one of two nodes, nobody gets from either of them, or from any of their threads, what was before. With Redis
 * stopped or frozen that holds for the node that was asked, and for the other one within the lifetime that links have then; and everywhere again
 * as soon as both are back. A node that is frozen keeps nobody waiting.
 */
import { randomBytes } from 'node:crypto';
import { Agent, request } from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hashPassword } from '../../src/storage/passwords.ts';
import { createApiKey } from '../../src/storage/postgres/api-keys.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { createConfirmedUser } from '../../src/storage/postgres/users.ts';
import { silentLogger } from '../support/logger.ts';
import { timed } from '../support/outage.ts';
import { testDatabase } from '../support/postgres.ts';
import { startTestRedis } from '../support/redis.ts';
import { say } from '../support/say.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { shapeSettings, startTestNode, type TestNode } from '../support/test-node.ts';
import { makeOwner } from '../support/test-owner.ts';
import { until } from '../support/until.ts';

const SHAPE = { fronts: 2, shards: 1 };
const EDITS = 200;
/** After each change, at once; half of them to either node. */
const REQUESTS = 50;
/** To each node; the kernel spreads them over the fronts. */
const CONNECTIONS = 10;
const NOT_THERE = 404;
const GONE = 410;
/** To a program that sends no password. */
const LOCKED = 403;
const OLD = 'https://example.com/old';
const PASSWORD = 'correct horse battery staple';
/** Without the others: a node without Redis keeps links for ten seconds, and notices within a few that Redis is frozen. */
const LATE_MS = 20_000;
const WAITED_MAX_MS = 4_000;
const BACK_MS = 20_000;

const database = await testDatabase();
const redis = await startTestRedis();
const connections = await createPool({ url: database.value.url, name: 'test', max: 2, logger: silentLogger });
const settings = {
  ...shapeSettings(SHAPE),
  DATABASE_URL: database.value.url,
  REDIS_URL: redis.value.url,
  BASE_URL: 'https://elnk.example',
  SECRET_KEY: randomBytes(32).toString('base64'),
};
const start = () => startTestNode({ dataDir: temporaryFolder(), settings });
const nodes = await Promise.all([start(), start()]);
const [a, b] = nodes;
const owner = await makeOwner(connections.value, { links: 1 });
const admin = await adminKey();
const visitors = nodes.map(visitorsOf);

const it = suite('edits everywhere');

it.after(async () => {
  redis.value.thaw();
  for (const { close } of visitors) close();
  for (const node of nodes) await node.kill();
  await redis.stop();
  await connections.stop();
  await database.stop();
});

it('no request gets what was before an edit, a new slug, a deletion, a creation, a switch by an administrator: 0 of 10,000', async () => {
  const { slug } = owner.links[0];
  let [current, target] = [slug, 'https://example.com/0'];
  let asked = 0;
  let old = 0;
  for (let i = 1; i <= EDITS; i++) {
    const by = nodes[i % 2];
    const before = current;
    const isOff = i % 10 === 8;
    if (i % 10 === 3) await change(by, 'DELETE', `/links/${current}`);
    else if (isOff || i % 10 === 9) await change(by, 'PATCH', `/admin/links/${current}`, { disabled: isOff }, admin);
    else if (i % 10 === 4) await change(by, 'POST', '/links', { url: target, slug: current });
    else if (i % 10 === 7) {
      current = `${slug}-${i}`;
      await everyone(`/${current}`, 4); // everybody knows that there is none
      await change(by, 'PATCH', `/links/${before}`, { slug: current });
    } else {
      target = `https://example.com/${i}`;
      await change(by, 'PATCH', `/links/${current}`, { url: target });
    }
    const expected = i % 10 === 3 ? NOT_THERE : isOff ? GONE : target;
    const answers = await everyone(`/${current}`, REQUESTS);
    if (before !== current) answers.push(...(await everyone(`/${before}`, REQUESTS)).map((answer) => ({ ...answer, isOfBefore: true })));
    asked += answers.length;
    old += answers.filter((answer) => !isRight(answer, 'isOfBefore' in answer ? NOT_THERE : expected)).length;
  }
  say(`G9: ${EDITS} changes on two nodes with ${SHAPE.fronts} fronts each, ${old} of ${asked} requests got what was before`);
  assert.ok(asked >= 10_000);
  assert.is(old, 0);
});

it('a host that is blocked on one node is blocked on the other, also for links that are there', async () => {
  const slug = await freshLink();
  let wrong = 0;
  let asked = 0;
  for (let i = 0; i < 20; i++) {
    const isBlocked = i % 2 === 0;
    if (isBlocked) await change(nodes[i % 4 < 2 ? 0 : 1], 'POST', '/admin/blocked-hosts', { host: 'example.com' }, admin);
    else await change(nodes[i % 4 < 2 ? 1 : 0], 'DELETE', '/admin/blocked-hosts/example.com', undefined, admin);
    const answers = await everyone(`/${slug}`, REQUESTS);
    asked += answers.length;
    wrong += answers.filter((answer) => !isRight(answer, isBlocked ? GONE : OLD)).length;
  }
  say(`G9: a host blocked and unblocked 10 times, ${wrong} of ${asked} requests got what was before`);
  assert.is(wrong, 0);
});

it('a link whose last click was taken on one node asks nobody for its password on the other', async () => {
  const { slug } = await change(a, 'POST', '/links', { url: OLD, maxClicks: 1, password: PASSWORD });
  assert.ok((await everyone(`/${slug}`, REQUESTS)).every(({ status }) => status === LOCKED));
  const body = new URLSearchParams({ password: PASSWORD });
  const { status } = await fetch(`${a.url()}/${slug}`, { method: 'POST', body, redirect: 'manual', headers: { connection: 'close' } });
  assert.is(status, 303);
  assert.ok((await visitors[0].ask(`/${slug}`, REQUESTS)).every((answer) => isRight(answer, GONE)));
  await until('it is known', async () => (await visitors[1].ask(`/${slug}`, CONNECTIONS)).every((answer) => isRight(answer, GONE)));
});

it('a key that was revoked on one node opens nothing on the other', async () => {
  const { rows } = await connections.value.query<{ email: string }>('UPDATE users SET password_hash = $2 WHERE id = $1 RETURNING email', [
    owner.userId,
    await hashPassword(PASSWORD),
  ]);
  const session = await change(a, 'POST', '/auth/login', { email: rows[0].email, password: PASSWORD });
  let opened = 0;
  let asked = 0;
  for (let i = 0; i < 10; i++) {
    const made = await change(nodes[i % 2], 'POST', '/api-keys', { name: 'test', scopes: ['links:read'] }, session.accessToken);
    const headers = { authorization: `Bearer ${made.key}` };
    const before = await everyone('/api/v1/links', 2 * CONNECTIONS, headers);
    assert.ok(before.every(({ status }) => status === 200));
    await change(nodes[i % 2], 'DELETE', `/api-keys/${made.id}`, undefined, session.accessToken);
    const after = await everyone('/api/v1/links', 2 * CONNECTIONS, headers);
    asked += after.length;
    opened += after.filter(({ status }) => status !== 401).length;
  }
  say(`G9: 10 revoked keys, ${opened} of ${asked} requests opened something`);
  assert.is(opened, 0);
});

it('the keys of an account that was banned on one node open nothing on the other', async () => {
  let wrong = 0;
  let asked = 0;
  for (let i = 0; i < 10; i++) {
    const { userId, apiKey } = await makeOwner(connections.value, { links: 0 });
    const headers = { authorization: `Bearer ${apiKey}` };
    const visit = () => everyone('/api/v1/links', 2 * CONNECTIONS, headers);
    assert.ok((await visit()).every(({ status }) => status === 200));
    await change(nodes[i % 2], 'PATCH', `/admin/users/${userId}`, { banned: true }, admin);
    const answers = await visit();
    asked += answers.length;
    wrong += answers.filter(({ status }) => status !== 401).length;
  }
  say(`G9: 10 banned accounts, ${wrong} of ${asked} requests opened something`);
  assert.is(wrong, 0);
});

it('Redis stopped: edits are answered, late on the other node; at once again when it is back', () =>
  withoutRedis('stopped', redis.value.stop, redis.value.start));

it('Redis frozen: the same', () =>
  withoutRedis(
    'frozen',
    async () => redis.value.freeze(),
    async () => redis.value.thaw(),
  ));

it('a frozen node keeps nobody waiting, and knows what it missed when it goes on', async () => {
  const slug = await freshLink();
  process.kill(b.pid, 'SIGSTOP');
  try {
    const first = await timed(() => change(a, 'PATCH', `/links/${slug}`, { url: 'https://example.com/frozen-1' }));
    const later: number[] = [];
    for (let i = 0; i < 10; i++) {
      later.push((await timed(() => change(a, 'PATCH', `/links/${slug}`, { url: `https://example.com/frozen-${i}` }))).tookMs);
    }
    const median = later.toSorted((x, y) => x - y)[5];
    say(`G9, a node frozen: the first edit took ${Math.round(first.tookMs)} ms, later ones ${Math.round(median)} ms`);
    assert.ok(first.tookMs <= WAITED_MAX_MS && median < first.tookMs / 2, `${first.tookMs} ms, then ${later}`);
    const own = await visitors[0].ask(`/${slug}`, REQUESTS);
    assert.ok(own.every((answer) => isRight(answer, 'https://example.com/frozen-9')));
  } finally {
    process.kill(b.pid, 'SIGCONT');
  }
  await until('it goes on', async () => (await visitors[1].ask(`/${slug}`, 1))[0].location === 'https://example.com/frozen-9', BACK_MS);
  await expectNoneOld(slug);
});

it.run();

type Answer = { status: number; location: string | null };

/** @param expected a target, or the status of a refusal */
const isRight = ({ status, location }: Answer, expected: string | number) =>
  typeof expected === 'number' ? status === expected : status === 302 && location === expected;

async function withoutRedis(how: string, take: () => Promise<void>, giveBack: () => Promise<void>): Promise<void> {
  const [slug, other] = [await freshLink(), await freshLink()];
  await take();
  const edit = await timed(() => change(a, 'PATCH', `/links/${slug}`, { url: 'https://example.com/new' }));
  const editedAt = performance.now();
  assert.ok(edit.tookMs <= WAITED_MAX_MS, `the edit took ${edit.tookMs} ms`);
  const own = await visitors[0].ask(`/${slug}`, REQUESTS);
  assert.ok(
    own.every((answer) => isRight(answer, 'https://example.com/new')),
    'the node that was asked',
  );
  const told = until('not ready', async () => (await reasonsOf(a)).length > 0 && (await reasonsOf(b)).length > 0, LATE_MS);
  const isKnown = async () =>
    (await visitors[1].ask(`/${slug}`, 2 * CONNECTIONS)).every((answer) => isRight(answer, 'https://example.com/new'));
  await until('the other node has looked it up again', isKnown, LATE_MS);
  const lateMs = performance.now() - editedAt;
  await told;
  assert.equal((await a.status()).degraded, ['Redis is away: edits are late on other nodes']);

  await change(a, 'PATCH', `/links/${other}`, { url: 'https://example.com/new' });
  const from = performance.now();
  await giveBack();
  await until('both are back', async () => (await reasonsOf(a)).length === 0 && (await reasonsOf(b)).length === 0, BACK_MS);
  const backMs = performance.now() - from;
  const answers = await everyone(`/${other}`, REQUESTS);
  const old = answers.filter((answer) => !isRight(answer, 'https://example.com/new')).length;
  const edits = `the edit took ${Math.round(edit.tookMs)} ms and was known to the other node after ${Math.round(lateMs)} ms`;
  say(`G9, Redis ${how}: ${edits}; back after ${Math.round(backMs)} ms, then ${old} of ${answers.length} old`);
  assert.is(old, 0);
  await expectNoneOld(other);
}

async function adminKey(): Promise<string> {
  const account = { email: 'admin@example.com', passwordHash: null, isAdmin: true, plan: 'unlimited', timeZone: 'UTC' } as const;
  const { id } = await createConfirmedUser(connections.value, account);
  return createApiKey(connections.value, { userId: id, name: 'test', scopes: ['admin'] });
}

/** Cached in all threads of both nodes. */
async function freshLink(): Promise<string> {
  const { slug } = await change(a, 'POST', '/links', { url: OLD });
  const answers = await everyone(`/${slug}`, REQUESTS);
  assert.ok(answers.every((answer) => isRight(answer, OLD)));
  return slug;
}

async function expectNoneOld(slug: string): Promise<void> {
  await change(b, 'PATCH', `/links/${slug}`, { url: 'https://example.com/last' });
  const answers = await everyone(`/${slug}`, REQUESTS);
  assert.ok(answers.every((answer) => isRight(answer, 'https://example.com/last')));
}

const reasonsOf = async (node: TestNode) => (await node.readiness()).reasons.filter((reason) => reason.includes('Redis'));

/** @returns the body of the answer. @throws when the change was refused */
// biome-ignore lint/suspicious/noExplicitAny: any JSON
async function change(node: TestNode, method: string, path: string, body?: object, key = owner.apiKey): Promise<any> {
  const response = await fetch(`${node.url()}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', connection: 'close' },
    body: body === undefined ? null : JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === '' ? null : JSON.parse(text);
}

async function everyone(path: string, requests: number, headers: Record<string, string> = {}): Promise<Answer[]> {
  const answers = await Promise.all(visitors.map(({ ask }) => ask(path, requests / visitors.length, headers)));
  return answers.flat();
}

/** Connections to a node that stay open. */
function visitorsOf(node: TestNode) {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const askOnce = (path: string, headers: Record<string, string>) =>
    new Promise<Answer>((resolve, reject) => {
      const asked = request(`${node.url()}${path}`, { agent, headers }, (response) => {
        response.resume().on('end', () => resolve({ status: response.statusCode ?? 0, location: response.headers.location ?? null }));
      });
      asked.on('error', reject).end();
    });
  return {
    ask: (path: string, requests: number, headers: Record<string, string> = {}) =>
      Promise.all(Array.from({ length: requests }, () => askOnce(path, headers))),
    close: () => agent.destroy(),
  };
}
