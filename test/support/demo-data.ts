/** Links with clicks as a small shop may have them: made through the API and by visiting, so that nothing of it is invented. */
import { devices } from 'playwright-core';
import { trouble } from '../../src/core/troubles.ts';
import { type App, PASSWORD, VISITOR_ADDRESSES, type Visitor } from './app.ts';
import { askApp, signIn } from './app-api.ts';

const LINKS = [
  { slug: 'spring', title: 'Spring sale', path: 'sale/spring', tags: ['shop', 'spring'] },
  { slug: 'menu', title: 'Menu of the café', path: 'menu.pdf', tags: ['café'] },
  { slug: 'meetup', title: 'Meetup: registration', path: 'events/42?from=poster', tags: ['events'], maxClicks: 40 },
  { slug: 'drafts', title: 'Drafts for the team', path: 'drafts', tags: [], password: 'open sesame' },
  { slug: 'over', title: 'Last year', path: 'archive', tags: ['shop'], expiresAt: '2099-12-31T21:00:00Z' },
  {
    slug: 'long',
    title: 'A name that is much longer than a telephone is wide, so that it has to be cut somewhere',
    path: 'p'.repeat(300),
    tags: [],
  },
] as const;
/** Links that lead nowhere right now, by what is then done to them in the database. */
const CLOSED = {
  soon: "valid_from = now() + interval '30 days'",
  past: "expires_at = now() - interval '30 days'",
  used: 'max_clicks = 1, clicks_used = 1',
  off: 'disabled = true',
  blocked: "target = 'https://phishing.example/'",
};
/** Clicks of each link, in their order. */
const CLICKS = [24, 9, 5, 0, 3, 1];
const AGENTS = ['Pixel 7', 'iPhone 15', 'Desktop Firefox', 'Desktop Safari', 'iPad Mini'].map((name) => devices[name].userAgent);
const REFERRERS = ['', 'https://news.example/today', 'https://chat.example/'];
const LOCALES = ['de-DE', 'ru-RU', 'en-US', 'fr-FR'];

/** @param owner whoever made an account with PASSWORD as the first administrator @returns when all is counted */
export async function fillDemo(app: App, owner: Visitor): Promise<void> {
  await owner.page.getByRole('heading', { level: 1 }).waitFor();
  const token = await signIn(app, 'admin@example.com', PASSWORD);
  const post = (path: string, body: unknown) => askApp(app, 'POST', path, body, { token });
  for (const { path, ...link } of LINKS) await post('links', { ...link, url: `https://shop.example/${path}` });
  for (const [slug, change] of Object.entries(CLOSED)) {
    await post('links', { slug, url: 'https://shop.example/closed', tags: ['closed'] });
    await app.execute(`UPDATE links SET ${change} WHERE slug = '${slug}'`);
  }
  await post('admin/blocked-hosts', { host: 'phishing.example' });
  const addresses = Object.values(VISITOR_ADDRESSES);
  for (const [i, { slug }] of LINKS.entries()) {
    for (let n = 0; n < CLICKS[i]; n++) {
      const headers = {
        'User-Agent': AGENTS[(n * 3 + i) % AGENTS.length],
        'X-Forwarded-For': addresses[(n * 2 + (n % 4)) % addresses.length],
        'Accept-Language': LOCALES[n % LOCALES.length],
        Referer: REFERRERS[n % REFERRERS.length],
      };
      await fetch(`${app.url}/${slug}`, { redirect: 'manual', headers });
    }
  }
}

const AWAY = {
  version: '1.0.0',
  uptimeSec: 93_600,
  ttlMs: 3_600_000,
  fronts: 3,
  shards: 2,
  backlogBytes: 18_250_000,
  backlogClicks: 201_000,
};
const NODES = [
  {
    name: 'berlin-2',
    seenAt: "now() + interval '1 hour'",
    state: {
      ...AWAY,
      clicksLost: 12,
      degraded: [
        trouble('ofThread', { thread: trouble('shard', { number: 1 }), trouble: trouble('clicksUnstored') }),
        trouble('ofThread', { thread: trouble('front', { number: 0 }), trouble: trouble('logFull') }),
        trouble('starting', { thread: trouble('front', { number: 2 }) }),
        trouble('redisAway'),
        trouble('guestRedisKeeps', { policy: 'noeviction', wanted: 'allkeys-lru', number: 67_108_864 }),
        trouble('diskNearlyFull', { number: 5 }),
      ],
      diskUsed: 0.97,
    },
  },
  { name: 'berlin-3', seenAt: "now() - interval '20 minutes'", state: { ...AWAY, clicksLost: 0, degraded: [], diskUsed: null } },
];

/** What is seldom seen, and should be seen well then: jobs that have failed, nodes that are not well, somebody who is banned. */
export async function fillTroubles(app: App): Promise<void> {
  await app.execute(
    `SELECT graphile_worker.add_job('daily-report', '{}', run_at => now() + interval '1 day', job_key => 'failed', max_attempts => 8);
     UPDATE graphile_worker._private_jobs SET attempts = 3, last_error = 'connect ECONNREFUSED 192.0.2.7:587' WHERE key = 'failed';
     SELECT graphile_worker.add_job('telegram', '{}', run_at => now() + interval '1 day', job_key => 'away', max_attempts => 8);
     UPDATE graphile_worker._private_jobs SET attempts = 2, last_error = '${trouble('telegramAway', { message: 'ETIMEDOUT' })}' WHERE key = 'away';
     INSERT INTO given_up_jobs (id, task, attempts, error, created_at)
     VALUES (1000001, 'mail', 25, '550 5.1.1 <nobody@department.example.com>: Recipient address rejected: User unknown', now() - interval '2 days')`,
  );
  for (const { name, seenAt, state } of NODES) {
    await app.execute(
      `INSERT INTO nodes (node, version, started_at, seen_at, state)
       VALUES ('${name}', '1.0.0', now() - interval '26 hours', ${seenAt}, '${JSON.stringify({ ...state, logs: [] })}')`,
    );
  }
  const token = await signIn(app, 'admin@example.com', PASSWORD);
  const account = { email: 'spammer@example.com', password: PASSWORD, timezone: 'Asia/Tokyo', locale: 'en' };
  await askApp(app, 'POST', 'auth/register', account);
  const { data } = await askApp<{ data: { id: number }[] }>(app, 'GET', `admin/users?search=${account.email}`, undefined, { token });
  await askApp(app, 'POST', 'admin/users/bulk', { ids: [data[0].id], action: 'ban' }, { token });
}
