/** /api/v1/api-keys: for people who are signed in; a key makes and ends no keys. */
import { type ApiKey, apiKeyListSchema, apiKeyRequestSchemas, newApiKeySchema } from '../../core/api/accounts.ts';
import type { ApiKeyStore, OwnedApiKey } from '../../core/ports/accounts.ts';
import type { Clock } from '../../core/ports.ts';
import { idOf } from '../path-id.ts';
import { type ApiRoute, apiRoute } from '../route.ts';

export type ApiKeyDeps = { apiKeys: ApiKeyStore; clock: Clock };

const KEYS = '/api/v1/api-keys';
const KEY = '/api/v1/api-keys/{id}';

const LOCATION = { name: 'Location', description: 'Where the key is deleted in this API' };

const COMMON = { scope: 'session', query: null, body: null, requestHeaders: [], failures: [], countRefusal: () => [] } as const;

export function apiKeyRoutes(deps: ApiKeyDeps): ApiRoute[] {
  return [createRoute(deps), listRoute(deps), deleteRoute(deps)];
}

const createRoute = ({ apiKeys, clock }: ApiKeyDeps) =>
  apiRoute({
    ...COMMON,
    method: 'POST',
    path: KEYS,
    summary: 'Create an API key, which is shown this once',
    body: apiKeyRequestSchemas(clock).createApiKey,
    reply: { status: 201, description: 'The new key', schema: newApiKeySchema, headers: [LOCATION] },
    handler: async ({ caller, body }) => {
      const { key, secret } = await apiKeys.create(caller.userId, body);
      return { status: 201, headers: { Location: `${KEYS}/${key.id}` }, body: { ...toApiKey(key), key: secret } };
    },
  });

const listRoute = ({ apiKeys }: ApiKeyDeps) =>
  apiRoute({
    ...COMMON,
    method: 'GET',
    path: KEYS,
    summary: 'List your API keys, the newest first',
    reply: { status: 200, description: 'All of them, expired ones too', schema: apiKeyListSchema, headers: [] },
    handler: async ({ caller }) => ({ status: 200, body: { data: (await apiKeys.list(caller.userId)).map(toApiKey) } }),
  });

const deleteRoute = ({ apiKeys }: ApiKeyDeps) =>
  apiRoute({
    ...COMMON,
    method: 'DELETE',
    path: KEY,
    summary: 'Revoke an API key; effective at once',
    reply: { status: 204, description: 'It is gone', schema: null, headers: [] },
    handler: async ({ exchange, caller }) => {
      await apiKeys.delete(caller.userId, idOf(exchange));
      return { status: 204 };
    },
  });

/** Field by field: what the store knows besides is not for the answer. */
const toApiKey = ({ id, name, prefix, scopes, createdAt, expiresAt, lastUsedAt }: OwnedApiKey): ApiKey => ({
  id,
  name,
  prefix,
  scopes,
  createdAt: new Date(createdAt).toISOString(),
  expiresAt: isoOrNull(expiresAt),
  lastUsedAt: isoOrNull(lastUsedAt),
});

const isoOrNull = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());
