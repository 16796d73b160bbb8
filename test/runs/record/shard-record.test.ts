import { mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { type RunPaths, runPaths } from '../../../src/runs/layout.ts';
import {
  readCommittedShards,
  readShardRecords,
  type ShardRecord,
  writeShardRecord,
} from '../../../src/runs/record/shard-record.ts';
import { partContent, samplePlan, sampleShard, temporaryFolder, writePart } from '../sample-run.ts';

const plan = samplePlan();

/** A run whose two shards are committed. */
async function committedRun(): Promise<RunPaths> {
  const paths = runPaths(await temporaryFolder(), plan.runId);
  for (const index of [0, 1] as const) {
    await writePart(paths, index);
    await writeShardRecord(paths, sampleShard(index));
  }
  return paths;
}

async function committed(paths: RunPaths, verify = true): Promise<number[]> {
  return [...(await readCommittedShards(paths, plan, { verify })).keys()];
}

async function replaceRecord(paths: RunPaths, changes: Partial<ShardRecord>): Promise<void> {
  await writeFile(paths.shardRecord(0), JSON.stringify(sampleShard(0, changes)));
}

test('committed shards are found, with their records', async () => {
  const paths = await committedRun();
  for (const verify of [true, false]) {
    const records = await readCommittedShards(paths, plan, { verify });
    expect([...records.values()]).toEqual([sampleShard(0), sampleShard(1)]);
  }
});

test('a run that has not begun has no committed shards', async () => {
  expect(await committed(runPaths(await temporaryFolder(), plan.runId))).toEqual([]);
});

test('a record names its files relative to the run, so that the folder can be moved', async () => {
  const paths = runPaths(await temporaryFolder(), plan.runId);
  const absolute = sampleShard(0, { rejectsFile: paths.rejects(0) });
  const written = await writeShardRecord(paths, {
    ...absolute,
    part: { ...absolute.part, file: paths.part(0) },
  });
  expect(written).toMatchObject({
    part: { file: 'parts/part-00000.parquet' },
    rejectsFile: 'rejects/part-00000.parquet',
  });
  expect(JSON.parse(await readFile(paths.shardRecord(0), 'utf8'))).toEqual(written);
});

test('a shard with rejects counts while its rejects are there', async () => {
  const paths = await committedRun();
  await rm(paths.shardRecord(0));
  await writeShardRecord(
    paths,
    sampleShard(0, { rowsOut: 5, rejects: 1, rejectsFile: 'rejects/part-00000.parquet' }),
  );
  expect(await committed(paths)).toEqual([1]);
  await mkdir(dirname(paths.rejects(0)));
  await writeFile(paths.rejects(0), 'one row');
  expect(await committed(paths)).toEqual([0, 1]);
});

const damages: readonly (readonly [string, (paths: RunPaths) => Promise<void>])[] = [
  ['its record is gone', (paths) => rm(paths.shardRecord(0))],
  ['its record is cut off', (paths) => truncate(paths.shardRecord(0), 50)],
  ['its record is empty', (paths) => truncate(paths.shardRecord(0))],
  ['its record is not an object', (paths) => writeFile(paths.shardRecord(0), '[]')],
  [
    'its record is a folder',
    async (paths) => {
      await rm(paths.shardRecord(0));
      await mkdir(paths.shardRecord(0));
    },
  ],
  [
    'its record is that of another shard',
    (paths) => replaceRecord(paths, { index: 1, part: sampleShard(1).part }),
  ],
  ['it starts at another row', (paths) => replaceRecord(paths, { rowStart: 1 })],
  ['it ends at another row', (paths) => replaceRecord(paths, { rowEnd: 7 })],
  ['it read fewer rows than planned', (paths) => replaceRecord(paths, { rowsIn: 5, rowsOut: 5 })],
  ['a row is unaccounted for', (paths) => replaceRecord(paths, { rowsOut: 4, rejects: 1 })],
  ['a count is negative', (paths) => replaceRecord(paths, { rowsOut: 7, rejects: -1 })],
  ['its part is gone', (paths) => rm(paths.part(0))],
  ['its part is shorter', (paths) => truncate(paths.part(0), 3)],
  ['its part is longer', (paths) => writePart(paths, 0, `${partContent(0)} `)],
  [
    'its record names the part of another shard',
    (paths) => replaceRecord(paths, { part: { ...sampleShard(0).part, file: 'parts/part-00001.parquet' } }),
  ],
];
test.each(damages)('a shard is computed again when %s', async (_, damage) => {
  const paths = await committedRun();
  await damage(paths);
  expect(await committed(paths, false)).toEqual([1]);
  expect(await committed(paths, true)).toEqual([1]);
});

test('a part of the right size with another content is noticed when verifying', async () => {
  const paths = await committedRun();
  await writePart(paths, 0, partContent(0).toUpperCase());
  expect(await committed(paths, false)).toEqual([0, 1]);
  expect(await committed(paths, true)).toEqual([1]);
});

test('verifying can be aborted', async () => {
  const paths = await committedRun();
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(readCommittedShards(paths, plan, { verify: true, signal })).rejects.toThrow('enough');
});

test('the history has the records whose parts are gone, but none of another plan', async () => {
  const paths = await committedRun();
  await rm(paths.part(1));
  await replaceRecord(paths, { rowEnd: 7 });
  expect([...(await readShardRecords(paths, plan)).values()]).toEqual([sampleShard(1)]);
});

test('of two workers that commit a shard the first one wins', async () => {
  const paths = await committedRun();
  const first = JSON.parse(await readFile(paths.shardRecord(0), 'utf8'));
  const second = sampleShard(0, { attempt: 7, part: { ...first.part, sha256: 'f'.repeat(64) } });
  expect(await writeShardRecord(paths, second)).toEqual(first);
  expect(JSON.parse(await readFile(paths.shardRecord(0), 'utf8'))).toEqual(first);
});

test('a record whose part is gone or another does not keep a new one', async () => {
  const paths = await committedRun();
  await writePart(paths, 0, 'another part');
  const again = sampleShard(0, { attempt: 2 });
  expect(await writeShardRecord(paths, again)).toMatchObject({ attempt: 2 });
});
