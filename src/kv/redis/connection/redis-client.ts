import type { Cluster, Redis } from 'ioredis';

/** A connection to one server, or to a cluster, which finds the server of each key by itself. */
export type RedisClient = Redis | Cluster;

/** A command with its arguments. Its first argument is a key. */
export type RedisCommand = readonly [name: string, ...args: (string | number)[]];

export type RedisAnswer = readonly [error: Error | null, value: unknown];

/**
 * Sends commands together, and answers in their order. In a cluster their keys may lie on different servers, which a
 * pipeline of the driver refuses: there each goes on its way alone, without waiting for the one before.
 */
export async function sendAll(
  client: RedisClient,
  commands: readonly RedisCommand[],
): Promise<readonly RedisAnswer[]> {
  if (!client.isCluster) return (await client.pipeline(commands.map((each) => [...each])).exec()) ?? [];
  const answers = await Promise.allSettled(commands.map(([name, ...args]) => client.call(name, ...args)));
  return answers.map((answer) =>
    answer.status === 'fulfilled' ? [null, answer.value] : [answer.reason as Error, undefined],
  );
}
