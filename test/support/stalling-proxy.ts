import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A way to a server that lets some connections through and holds all later ones, as if they hung. */
export interface StallingProxy {
  readonly port: number;
  /** Connections that are held. */
  readonly held: () => number;
  close(): Promise<void>;
}

/** Lets so many connections through to a port of this machine. */
export async function startStallingProxy(target: number, letThrough: number): Promise<StallingProxy> {
  const sockets = new Set<Socket>();
  let held = 0;
  let passed = 0;
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  };
  const server = createServer((client) => {
    keep(client);
    if (passed++ >= letThrough) {
      held++;
      client.resume();
      return;
    }
    const upstream = keep(connect({ host: '127.0.0.1', port: target }));
    client.pipe(upstream).pipe(client);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return {
    port: address.port,
    held: () => held,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
