import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { RowGroup } from '../../group-rows.ts';
import type { RedisKeys } from '../redis-keys.ts';
import { dumpBytes, putDump } from './dumped-hash.ts';

/** Where the process dies in between, what it wrote is gone after this. */
const EXPIRES_MS = 5_000;
/** Texts and integers of each size. */
const SAMPLE: readonly (readonly [field: string, value: string])[] = [
  ['a', 'text'],
  ['b', '7'],
  ['c', '-1234'],
  ['d', '-12345'],
  ['e', '123456'],
  ['f', '-12345678'],
  ['g', '1234567890123'],
];

/**
 * Whether the server makes a hash of what DUMP gives: tried with a key of its own below `<job>:ping`. Redis before 7.0
 * reads another format, and the user may lack the right to RESTORE, which loading can do without.
 */
export async function takesDumps(redis: Redis, { ping }: RedisKeys): Promise<boolean> {
  const key = `${ping}:${randomBytes(6).toString('hex')}`;
  const answers = await redis
    .pipeline([
      ['restore', key, EXPIRES_MS, sampleDump()],
      ['hgetall', key],
      ['unlink', key],
    ])
    .exec();
  const [restored, read] = answers ?? [];
  if (restored === undefined || restored[0] !== null || read === undefined || read[0] !== null) return false;
  return isSample(read[1]);
}

/** ioredis makes an object of a hash. */
function isSample(answer: unknown): boolean {
  return JSON.stringify(answer) === JSON.stringify(Object.fromEntries(SAMPLE));
}

function sampleDump(): Buffer {
  const group = sampleGroup();
  const bytes = Buffer.alloc(dumpBytes(group));
  return bytes.subarray(0, putDump(bytes, 0, group));
}

function sampleGroup(): RowGroup {
  const ends = SAMPLE.map(
    (_, index) =>
      SAMPLE.slice(0, index + 1)
        .flat()
        .join('').length,
  );
  return {
    bytes: Buffer.from(SAMPLE.flat().join('')),
    keyStart: 0,
    keyEnd: 0,
    count: SAMPLE.length,
    hasFields: true,
    fieldStarts: [0, ...ends.slice(0, -1)],
    valueStarts: SAMPLE.map(([, value], index) => (ends[index] ?? 0) - value.length),
    valueEnds: ends,
  };
}
