import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteWriter } from '../../../../src/kv/byte-writer.ts';
import { RedisHashCommands } from '../../../../src/kv/redis/hash/redis-hash-commands.ts';
import { CommandChunk } from '../../../../src/kv/redis/load/command-chunk.ts';
import type { RedisBulk } from '../../../../src/kv/redis/load/redis-bulk.ts';
import { RedisShardWriter } from '../../../../src/kv/redis/load/redis-shard-writer.ts';
import type { StagedShard } from '../../../../src/kv/redis/redis-servers.ts';
import type { KvBatch } from '../../../../src/kv/store.ts';
import { type KvRow, kvBatch } from '../../../support/kv-batch.ts';

const PREFIX = Buffer.from('säles:g1:');

interface Load {
  readonly commands: readonly (readonly Buffer[])[];
  readonly staged: StagedShard;
  /** Groups that did not go through the kernel. */
  readonly single: number;
}

/** The commands of a shard: with the kernel, or one group after the other without it. */
async function load(
  batches: readonly KvBatch[],
  withKernel: boolean,
  ttl: string | null = null,
): Promise<Load> {
  const chunk = new CommandChunk(new ByteWriter(64));
  const bulk: Partial<RedisBulk> = {
    begin: (parts) => chunk.begin(parts),
    part: (text) => chunk.part(text),
    piece: (...piece) => chunk.piece(...piece),
    made: (...made) => chunk.made(...made),
    append: (commands, starts) => chunk.append(commands, starts),
    onNils: () => {},
  };
  const hashes = new RedisHashCommands(bulk as RedisBulk, PREFIX, ttl, true);
  let single = 0;
  const writer = new RedisShardWriter(
    {
      put: (group) => {
        single++;
        hashes.put(group);
      },
      putMany: withKernel ? (batch, from) => hashes.putMany(batch, from) : null,
      isFull: false,
      send: async () => {},
      finish: async () => 0,
    },
    PREFIX.length,
  );
  for (const batch of batches) await writer.write(batch, new AbortController().signal);
  const staged = await writer.finish();
  return { commands: chunk.commandsAt(Array.from({ length: chunk.count }, (_, at) => at)), staged, single };
}

async function expectSame(batches: readonly KvBatch[], ttl: string | null = null): Promise<Load> {
  const [fast, plain] = [await load(batches, true, ttl), await load(batches, false, ttl)];
  expect(fast.commands.length).toBe(plain.commands.length);
  const differing = fast.commands.findIndex(
    (parts, at) => !Buffer.concat([...parts]).equals(Buffer.concat([...(plain.commands[at] ?? [])])),
  );
  expect(differing).toBe(-1);
  expect(fast.staged).toEqual(plain.staged);
  return fast;
}

/** Keys, fields and values: numbers of all sizes, dates, anything of up to 70 bytes. */
const text = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: -5000, max: 5000 }).map(String) },
  fc.integer().map(String),
  fc.maxSafeInteger().map(String),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
  fc.float().map(String),
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString().slice(0, 10)),
  fc.constantFrom('', '0', '-0', '00', '007', '-', '--1', '+1', '1e3', '-1', '127', '128', '4095', '4096'),
  fc.constantFrom(
    '32767',
    '32768',
    '8388607',
    '-8388609',
    '2147483648',
    '999999999999999',
    '-99999999999999',
  ),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.integer({ min: 0, max: 70 }).map((size) => 'x'.repeat(size)),
);
const rows = fc
  .uniqueArray(
    fc.tuple(text, fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 9 })),
    // A key has all its rows in one place.
    { selector: ([key]) => key, maxLength: 30 },
  )
  .map((groups) =>
    groups.flatMap(([key, pairs]) => pairs.map(([field, value]): KvRow => [key, field, value])),
  );

describe('hashes that the kernel makes', () => {
  it('are byte for byte those that are made one by one, however batches are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        rows,
        fc.integer({ min: 1, max: 100 }),
        fc.boolean(),
        fc.constantFrom(null, '60'),
        async (all, size, once, ttl) => {
          const batches = Array.from({ length: Math.ceil(all.length / size) }, (_, at) =>
            kvBatch(all.slice(at * size, (at + 1) * size), once),
          );
          await expectSame(batches, ttl);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('are nearly all of a batch, also where it makes more than fits into its memory at once', async () => {
    const all = Array.from({ length: 28_000 }, (_, at): KvRow => {
      const key = Math.floor(at / 7);
      return [`${key}`, `2026-11-${20 + (at % 7)}`, `${Math.fround(at / 7)}`];
    });
    const { single } = await expectSame([
      kvBatch(all.slice(0, 14_000), true),
      kvBatch(all.slice(14_000), true),
    ]);
    expect(single).toBe(4);
  });

  it('come after a key that fills its memory alone', async () => {
    const all = ['a', 'b'.repeat(300_000), 'c', 'd', 'e'].map((key): KvRow => [key, 'f', '1']);
    const { single } = await expectSame([kvBatch(all)]);
    expect(single).toBe(3);
  });

  it('keep the last of several values of a field, of up to 64 rows and of more', async () => {
    const group = (key: string, size: number): KvRow[] =>
      Array.from({ length: size }, (_, at) => [key, `${(at * 7) % 40}`, `${at}`]);
    const all = [
      ...group('a', 3),
      ...group('b', 64),
      ...group('c', 65),
      ...group('d', 600),
      ...group('e', 1),
    ];
    await expectSame([kvBatch(all, true)]);
  });

  it('leave a batch that lacks some of its rows to those who say so', async () => {
    const batch = kvBatch([
      ['a', 'f', '1'],
      ['b', 'f', '2'],
      ['c', 'f', '3'],
      ['d', 'f', '4'],
    ]);
    const valueSizes = batch.valueSizes.with(1, 2 ** 31);
    await expect(load([{ ...batch, valueSizes }], true)).rejects.toThrow(/4 rows.*row 1/);
  });
});
