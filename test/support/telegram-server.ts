/** What the Bot API of Telegram would get, on a port of 127.0.0.1. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Component } from '../../src/core/ports.ts';

export const BOT_TOKEN = '123456:AAtest-token_of-a-bot-0123456789';

export type ReceivedMessage = { at: number; path: string; chat: string; text: string; status: number };
type Reply = { status: number; description?: string; retryAfterSec?: number };

export type TelegramServer = {
  root: string;
  /** Every call, in order, however it was answered. */
  calls: ReceivedMessage[];
  /** Those that were taken, of one chat. */
  textsOf(chat: string): string[];
  /** How the next calls are answered; null: taken. Called with each message. */
  answer: ((message: { chat: string; text: string }) => Reply | 'cut' | null) | null;
};

export async function startTelegramServer(): Promise<Component<TelegramServer>> {
  const calls: ReceivedMessage[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      const { chat_id: chat, text } = JSON.parse(body) as { chat_id: string; text: string };
      const given = value.answer?.({ chat, text }) ?? null;
      const reply: Reply | 'cut' =
        given ?? (request.url === `/bot${BOT_TOKEN}/sendMessage` ? { status: 200 } : { status: 401, description: 'Unauthorized' });
      calls.push({ at: performance.now(), path: request.url ?? '', chat, text, status: reply === 'cut' ? 0 : reply.status });
      if (reply === 'cut') return void request.socket.destroy();
      const { status, description, retryAfterSec } = reply;
      const json = {
        ok: status === 200,
        description,
        ...(retryAfterSec === undefined ? {} : { parameters: { retry_after: retryAfterSec } }),
      };
      response.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(JSON.stringify(json));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const value: TelegramServer = {
    root: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    textsOf: (chat) => calls.filter((call) => call.chat === chat && call.status === 200).map(({ text }) => text),
    answer: null,
  };
  return {
    value,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
