import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { leftoversIn, until } from '../../test/support/processes.ts';
import { makeProject, type Project, readPublished } from '../../test/support/project.ts';
import { mountVolume, type Volume } from './volume.ts';

/** A run of the sales fixture takes about 2.3 MB, its store included. */
const SIZES_KIB = Array.from({ length: 24 }, (_, step) => 192 + step * 96);
/** A run makes about 60 files and folders. */
const INODES = [4, 8, 12, 16, 20, 24, 28, 32, 40, 48];
const ARGS = ['run', '--shard-rows', '1000'];

let project: Project;
let expected: readonly string[];

beforeAll(async () => {
  project = await makeProject();
  expected = hashesOf(await project.run(ARGS.slice(1)));
});

type Ran = Awaited<ReturnType<Project['inOwnProcess']>>;
const hashesOf = ({ output }: { output: { parts: readonly { sha256: string }[] } }): readonly string[] =>
  output.parts.map(({ sha256 }) => sha256);

const runOn = (volume: Volume): Promise<Ran> =>
  project.inOwnProcess([...ARGS, '--output', join(volume.folder, 'out')]);

/** It ended by itself, with an error that says what is wrong, or well. */
function expectOrderly({ code, signal, stderr }: Ran, says: RegExp): void {
  expect(signal).toBeNull();
  if (code === 0) return;
  expect([1, 7]).toContain(code);
  expect(stderr).toMatch(says);
  expect(stderr).not.toContain('This was not expected');
}

/** With room, the same command finishes, and makes the same bytes. */
async function expectMended(volume: Volume): Promise<void> {
  const record = await project.run([...ARGS.slice(1), '--output', join(volume.folder, 'out')]);
  expect(record.status).toBe('published');
  expect(hashesOf(record)).toEqual(expected);
  expect((await readPublished(join(volume.folder, 'out/sales')))?.runId).toBe(record.runId);
}

describe('a volume that is full', () => {
  it.each(SIZES_KIB)(
    'at %i KiB: an error that says so, and the same command finishes with room',
    async (kib) => {
      const volume = await mountVolume(`size=${kib}k`);
      expectOrderly(await runOn(volume), /full|[Nn]o space left/);
      volume.remount('size=64m');
      await expectMended(volume);
    },
  );

  it.each(INODES)(
    'with %i inodes: an error that says so, and the same command finishes with more',
    async (inodes) => {
      const volume = await mountVolume(`size=64m,nr_inodes=${inodes}`);
      expectOrderly(await runOn(volume), /full|[Nn]o space left/);
      volume.remount('nr_inodes=10000');
      await expectMended(volume);
    },
  );
});

describe('a volume that becomes read-only', () => {
  it.each([0, 1, 3, 5, 7])(
    'after %i shards: an error that says so, and the run goes on later',
    async (shards) => {
      const volume = await mountVolume('size=64m');
      const output = join(volume.folder, 'out');
      const running = project.start([...ARGS, '--output', output]);
      const done = await Promise.race([running.result, committed(output, shards).then(() => null)]);
      if (done === null) volume.makeReadOnly();
      const result = await running.result;
      expectOrderly(result, /read-only|EROFS|cannot be (written|used)|lock/i);
      expect(await leftoversIn(project.folder)).toEqual([]);
      if (done === null) {
        expect(result.code, 'a run that cannot write any more has not ended well').not.toBe(0);
        volume.makeWritable();
      }
      await expectMended(volume);
    },
  );

  async function committed(output: string, shards: number): Promise<void> {
    const record = `shards/${String(shards).padStart(5, '0')}.json`;
    const runs = join(output, 'sales/runs');
    const runIds = (): readonly string[] => (existsSync(runs) ? readdirSync(runs) : []);
    const isThere = (): boolean =>
      shards === 0 ? existsSync(output) : runIds().some((runId) => existsSync(join(runs, runId, record)));
    await until(isThere, 120_000).catch(() => {});
  }
});
