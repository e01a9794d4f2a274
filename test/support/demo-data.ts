/** Links with clicks as a small shop may have them: made through the API and by visiting, so that nothing of it is invented. */
import { devices } from 'playwright-core';
import { type App, PASSWORD, VISITOR_ADDRESSES, type Visitor } from './app.ts';

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
  const post = async (path: string, body: unknown, token = '') => {
    const headers = { 'Content-Type': 'application/json', ...(token === '' ? {} : { Authorization: `Bearer ${token}` }) };
    const response = await fetch(`${app.url}/api/v1/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return JSON.parse(text) as { accessToken: string };
  };
  await owner.page.getByRole('heading', { level: 1 }).waitFor();
  const { accessToken } = await post('auth/login', { email: 'admin@example.com', password: PASSWORD });
  for (const { path, ...link } of LINKS) await post('links', { ...link, url: `https://shop.example/${path}` }, accessToken);
  for (const [slug, change] of Object.entries(CLOSED)) {
    await post('links', { slug, url: 'https://shop.example/closed', tags: ['closed'] }, accessToken);
    await app.execute(`UPDATE links SET ${change} WHERE slug = '${slug}'`);
  }
  await post('admin/blocked-hosts', { host: 'phishing.example' }, accessToken);
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
