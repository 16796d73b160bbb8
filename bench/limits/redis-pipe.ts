import { tmpdir } from 'node:os';
import type { RedisServer } from '../../test/support/redis-server.ts';
import { measureCommand } from '../measure/measure-command.ts';
import type { Measurement } from '../measure/measurement.ts';

/** The limit of loading Redis: `redis-cli --pipe` of commands that lie ready in a file, into an empty server. */
export async function measureRedisPipe(
  redis: RedisServer,
  { protocolFile, rows }: { readonly protocolFile: string; readonly rows: number },
): Promise<Measurement> {
  await redis.restart();
  const { stdout, wallSeconds, cpuSeconds, memory } = await measureCommand({
    program: 'redis-cli',
    args: ['-h', redis.host, '-p', String(redis.port), '--pipe'],
    cwd: tmpdir(),
    stdin: protocolFile,
  });
  if (!stdout.includes('errors: 0,')) throw new Error(`redis-cli --pipe did not load all:\n${stdout}`);
  return { rows, wallSeconds, cpuSeconds, memory, details: await serverDetails(redis) };
}

/** CPU seconds and memory of the server since it was started. */
export async function serverDetails(redis: RedisServer): Promise<Readonly<Record<string, number>>> {
  const info = await redis.cli('info', 'all');
  const field = (name: string): number => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1] ?? 0);
  return {
    serverCpuSeconds: field('used_cpu_user') + field('used_cpu_sys'),
    serverBytes: field('used_memory'),
  };
}
