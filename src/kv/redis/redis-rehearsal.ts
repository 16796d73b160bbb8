import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { INFO_FIELD, LAYOUT_FIELD, RedisKeys } from './redis-keys.ts';
import {
  CLAIM,
  FORGET,
  GUARD,
  KEYS_BESIDE,
  PUBLISH,
  RETIRE,
  SCAN_SIZES,
  UNLINK,
  WRITE,
} from './redis-scripts.ts';

const GENERATION = 'rehearsal';
/** Where the process dies in between, what it wrote is gone after this. */
const EXPIRES_SECONDS = 5;

/**
 * Uses every command that loading, counting, publishing and dropping will use, on keys of its own below
 * `<job>:ping`, in one round trip. So a user without a right, a command that was renamed, a replica, a
 * cluster or a full server shows before anything is computed. Throws the server's first refusal.
 */
export async function rehearse(redis: Redis, job: string): Promise<void> {
  await rehearseWith(redis, new RedisKeys(job).ping, (own) => {
    const text = own.series(GENERATION, 'text');
    return [
      ['call', 'WATCH', own.fence],
      ['eval', GUARD, 2, own.fence, text, 'rehearsal', 1],
      ['call', 'MULTI'],
      ['set', text, '1', 'EX', EXPIRES_SECONDS],
      ['call', 'EXEC'],
    ];
  });
}

type Command = (string | number)[];

/** As {@link rehearse}, on keys below `ping`; with further commands, which leave nothing behind. */
export async function rehearseWith(
  redis: Redis,
  ping: string,
  furtherOn: (own: RedisKeys) => readonly Command[],
): Promise<void> {
  const own = new RedisKeys(`${ping}:${randomBytes(6).toString('hex')}`);
  const answers = await redis.pipeline(commandsOn(ping, own, furtherOn(own))).exec();
  for (const [error] of answers ?? []) if (error !== null) throw error;
}

function commandsOn(ping: string, own: RedisKeys, further: readonly Command[]): Command[] {
  const { pointer, canary, fence, generations } = own;
  const meta = own.meta(GENERATION);
  const hash = own.series(GENERATION, 'hash');
  const text = own.series(GENERATION, 'text');
  const pattern = own.seriesPattern(GENERATION);
  const expire = (key: string) => ['expire', key, EXPIRES_SECONDS];
  return [
    ['set', ping, '', 'PX', 1000],
    ...[['hmset', meta, LAYOUT_FIELD, 'packed'], expire(meta), ['hset', meta, INFO_FIELD, '{}']],
    ['eval', WRITE, 2, fence, generations, 'rehearsal', 1, 'SADD', GENERATION],
    expire(generations),
    ...[['hset', hash, 'field', '1'], expire(hash), ['set', text, '1', 'EX', EXPIRES_SECONDS]],
    ...[
      ['hget', hash, 'field'],
      ['hgetall', hash],
      ['hmget', hash, 'field'],
      ['hlen', hash],
    ],
    ...[
      ['hexists', hash, 'field'],
      ['get', text],
      ['getrange', text, 0, 1],
      ['exists', text],
    ],
    ['eval', SCAN_SIZES, 1, meta, '0', pattern, 10],
    ['eval', KEYS_BESIDE, 2, pointer, meta],
    ...[['eval', CLAIM, 1, fence, 'rehearsal', 1], expire(fence)],
    ...[['eval', PUBLISH, 4, fence, pointer, canary, meta, 'rehearsal', 1, GENERATION], expire(pointer)],
    ['eval', RETIRE, 4, fence, pointer, canary, meta, 'rehearsal', 1, 'another'],
    ['eval', UNLINK, 2, fence, text, 'rehearsal', 1],
    ['eval', FORGET, 2, fence, generations, 'rehearsal', 1, GENERATION],
    ...[
      ['scan', '0', 'MATCH', pattern, 'COUNT', 10],
      ['smembers', generations],
    ],
    ...further,
    ['unlink', pointer, fence, generations, meta, hash, text],
  ];
}
