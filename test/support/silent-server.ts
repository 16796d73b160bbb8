import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** A server on loopback that accepts connections, and does with them what the test says: nothing by default. */
export interface SilentServer {
  readonly port: number;
  close(): Promise<void>;
}

/** @param onData called with each piece that arrives */
export async function startSilentServer(
  onData: (socket: Socket, data: Buffer) => void = () => {},
): Promise<SilentServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('data', (data) => onData(socket, data));
    socket.on('close', () => sockets.delete(socket));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
