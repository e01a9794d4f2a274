/** A reverse proxy as operators have one: it serves a node under a path, which it takes off, and passes WebSockets on. */
import { createServer, type IncomingMessage, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { Component } from '../../src/core/ports.ts';

/** @param path such as `/go`; everything else is 404 @returns the address of the node behind it, without a slash at the end */
export async function startReverseProxy(path: string, nodePort: number): Promise<Component<string>> {
  const isBelow = ({ url = '' }: IncomingMessage) => url.startsWith(`${path}/`);
  const behind = ({ url = '' }: IncomingMessage) => url.slice(path.length);
  const server = createServer((asked, answer) => {
    if (!isBelow(asked)) {
      answer.writeHead(404).end('outside');
      return;
    }
    const { method, headers } = asked;
    const passed = request({ host: '127.0.0.1', port: nodePort, path: behind(asked), method, headers }, (given) => {
      answer.writeHead(given.statusCode ?? 502, given.headers);
      given.pipe(answer);
    });
    passed.on('error', () => answer.destroy());
    asked.pipe(passed);
  });
  server.on('upgrade', (asked: IncomingMessage, socket, head) => {
    if (!isBelow(asked)) {
      socket.destroy();
      return;
    }
    const node = connect(nodePort, '127.0.0.1', () => {
      const { rawHeaders } = asked;
      const headers = rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${rawHeaders[i + 1]}`] : []));
      node.write([`GET ${behind(asked)} HTTP/1.1`, ...headers, '', ''].join('\r\n'));
      node.write(head);
      node.pipe(socket).pipe(node);
    });
    node.on('error', () => socket.destroy());
    socket.on('error', () => node.destroy());
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    value: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
