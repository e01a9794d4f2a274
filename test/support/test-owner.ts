/** An account with links, and its questions to a node. */
import { randomBytes } from 'node:crypto';
import type { Link, LinkPage } from '../../src/core/api/links.ts';
import type { Dashboard, OwnerStats, Stats } from '../../src/core/api/stats.ts';
import { createApiKey } from '../../src/storage/postgres/api-keys.ts';
import { createLinkStore } from '../../src/storage/postgres/links.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { createConfirmedUser } from '../../src/storage/postgres/users.ts';

export type TestOwner = { userId: number; apiKey: string; links: { id: number; slug: string }[] };

export async function makeOwner(pool: Pool, { links, timeZone = 'UTC' }: { links: number; timeZone?: string }): Promise<TestOwner> {
  const email = `${randomBytes(6).toString('hex')}@example.com`;
  const { id } = await createConfirmedUser(pool, { email, passwordHash: null, isAdmin: false, plan: 'unlimited', timeZone });
  const apiKey = await createApiKey(pool, { userId: id, name: 'test', scopes: ['links:read', 'links:write', 'stats:read'] });
  const store = createLinkStore(pool, randomBytes, { regular: 0, extended: 0 }); // an unlimited account asks for none of them
  const made: TestOwner['links'] = [];
  for (let i = 0; i < links; i++) {
    const { link } = await store.create(id, { url: `https://example.com/${i}` }, null);
    made.push({ id: link.id, slug: link.slug });
  }
  return { userId: id, apiKey, links: made };
}

/** Each question comes on a connection of its own, so that all fronts are asked. */
export type ApiClient = {
  /** @param path below /api/v1 */
  get(path: string): Promise<Response>;
  link(slug: string): Promise<Link>;
  links(): Promise<LinkPage>;
  stats(slug: string): Promise<Stats>;
  /** Of all links together. */
  ownerStats(query?: string): Promise<OwnerStats>;
  dashboard(): Promise<Dashboard>;
  /** Text of a file, such as `/links.csv`. */
  text(path: string): Promise<string>;
  edit(slug: string, changes: object): Promise<Link>;
};

export function apiClient(url: string, { apiKey }: TestOwner): ApiClient {
  const headers = { authorization: `Bearer ${apiKey}`, connection: 'close' };
  const send = (path: string, init: RequestInit) => fetch(`${url}/api/v1${path}`, { ...init, headers: { ...headers, ...init.headers } });
  const get = (path: string) => send(path, {});
  const json = async <T>(path: string, init: RequestInit = {}): Promise<T> => {
    const response = await send(path, init);
    if (response.status !== 200) throw new Error(`${path} answers ${response.status}: ${await response.text()}`);
    return (await response.json()) as T;
  };
  return {
    get,
    link: (slug) => json<Link>(`/links/${slug}`),
    links: () => json<LinkPage>('/links?limit=100'),
    stats: (slug) => json<Stats>(`/links/${slug}/stats`),
    ownerStats: (query = '') => json<OwnerStats>(`/stats${query}`),
    text: async (path) => (await get(path)).text(),
    dashboard: () => json<Dashboard>('/dashboard'),
    edit: (slug, changes) =>
      json<Link>(`/links/${slug}`, { method: 'PATCH', headers: { 'content-type': 'application/json' }, body: JSON.stringify(changes) }),
  };
}
