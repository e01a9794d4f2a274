/** What tests in a browser do through the API, as another program would. */
import type { App } from './app.ts';

/** Beside a JSON body. @param address that the node is to think it comes from */
export type AppRequest = { token?: string; address?: string };

export async function sendToApp(app: App, method: string, path: string, body?: unknown, { token, address }: AppRequest = {}) {
  return fetch(`${app.url}/api/v1/${path}`, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...(address === undefined ? {} : { 'X-Forwarded-For': address }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

/** @returns its JSON; undefined when it has none @throws when the answer is no success */
export async function askApp<T>(app: App, method: string, path: string, body?: unknown, request?: AppRequest): Promise<T> {
  const response = await sendToApp(app, method, path, body, request);
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

/** @returns a token of the account's */
export async function signIn(app: App, email: string, password: string): Promise<string> {
  return (await askApp<{ accessToken: string }>(app, 'POST', 'auth/login', { email, password })).accessToken;
}
