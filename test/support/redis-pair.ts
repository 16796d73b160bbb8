import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RedisServer, startRedis } from './redis-server.ts';

/** A primary and its replica behind one address, as a virtual address or a proxy offers them. */
export interface RedisPair {
  /** The address of whichever is named last. */
  readonly url: string;
  readonly primary: RedisServer;
  readonly replica: RedisServer;
  /** Waits until the replica has all that the primary has acknowledged. */
  replicated(): Promise<void>;
  /** Kills the primary; the address leads to the replica, which takes no writes yet. */
  failOver(): Promise<void>;
  /** Makes the replica the primary. */
  promote(): Promise<void>;
  stop(): Promise<void>;
}

export async function startRedisPair(): Promise<RedisPair> {
  const primary = await startRedis();
  const replica = await startRedis({ args: ['--replicaof', primary.host, String(primary.port)] });
  while (!(await replica.cli('INFO', 'replication')).includes('master_link_status:up')) await sleep(20);
  let target = primary.port;
  const sockets = new Set<Socket>();
  const proxy = createServer((client) => {
    const server = connect(target, '127.0.0.1');
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy()).on('close', () => to.destroy());
      from.pipe(to);
    }
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const address = proxy.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return {
    url: `redis://127.0.0.1:${address.port}`,
    primary,
    replica,
    replicated: async () => {
      // WAIT would ask for the writes of its own connection, which has none.
      const written = await offset(primary, 'master_repl_offset');
      while ((await offset(replica, 'slave_repl_offset')) < written) await sleep(20);
    },
    failOver: async () => {
      target = replica.port;
      await primary.kill();
    },
    promote: async () => void (await replica.cli('REPLICAOF', 'NO', 'ONE')),
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      proxy.close();
      await Promise.all([primary.stop(), replica.stop()]);
    },
  };
}

async function offset(server: RedisServer, name: string): Promise<number> {
  return Number(new RegExp(`${name}:(\\d+)`).exec(await server.cli('INFO', 'replication'))?.[1]);
}
