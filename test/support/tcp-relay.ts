/** Stands between a client and a server and passes everything on, until all connections are cut at once. */
import { connect, createServer, type Socket } from 'node:net';
import type { Component } from '../../src/core/ports.ts';

export type TcpRelay = {
  /** The target's, with the relay's port. */
  url: string;
  /** Cuts every connection, as a network that resets. */
  cut(): void;
};

export async function startTcpRelay(target: string): Promise<Component<TcpRelay>> {
  const { hostname, port } = new URL(target);
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ]) {
      open.add(from);
      from.on('error', () => undefined); // 'close' follows
      from.on('close', () => {
        open.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const url = new URL(target);
  url.port = String(typeof address === 'object' ? address?.port : '');
  const cut = () => {
    for (const socket of open) socket.resetAndDestroy();
  };
  return {
    value: { url: url.href, cut },
    async stop() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
