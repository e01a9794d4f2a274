/** One front's listening socket. Several fronts listen on the same port (SO_REUSEPORT); the kernel spreads the connections. */
import * as uWS from 'uWebSockets.js';
import type { Component } from '../core/ports.ts';

/** @param port 0: any free one; the answer says which. @throws when the address cannot be listened on */
export async function startServer(
  host: string,
  port: number,
  register: (app: uWS.TemplatedApp) => void,
): Promise<Component<{ port: number }>> {
  const app = uWS.App();
  register(app);
  const socket = await new Promise<uWS.us_listen_socket | false>((resolve) => app.listen(host, port, resolve));
  if (socket === false) throw new Error(`cannot listen on ${host}:${port}`);
  return {
    value: { port: uWS.us_socket_local_port(socket) },
    async stop() {
      app.close(); // also ends the connections: their answers were sent, or their clients are told by the closed connection
    },
  };
}
