import { readdir, readFile, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import type { RunRecord } from '../../src/runs/record/run-record.ts';
import { networkGraph } from '../support/networks.ts';
import { onnxFile } from '../support/onnx.ts';
import { makeProject, type Project } from '../support/project.ts';
import { killAfterShards } from './kill-after-shards.ts';
import { runSql } from './sales-tables.ts';

/** Just enough to be worth measuring. */
const ROWS = 250_001;
const JOB = 'model: small.onnx\ninput: rows.parquet\nfeatures: {columns: [a, b, c]}\n';

let project: Project;
let first: RunRecord;

beforeAll(async () => {
  project = await makeProject({ fixtures: false, jobs: { small: JOB } });
  await project.write('small.onnx', onnxFile(networkGraph([3, 8, 1])));
  await runSql([
    `COPY (SELECT sin(range)::FLOAT AS a, cos(range)::FLOAT AS b, (range % 17)::FLOAT AS c FROM range(${ROWS}))
     TO '${project.path('rows.parquet')}' (FORMAT parquet)`,
  ]);
});

async function planOf({ runId }: RunRecord): Promise<{ readonly batchSize: number }> {
  return JSON.parse(await readFile(project.path('out/small/runs', runId, 'plan.json'), 'utf8'));
}

async function remembered(): Promise<{ batchSize: number; rowsPerSecond: Record<string, number> }[]> {
  return JSON.parse(await readFile(project.path('out/small/batch-sizes.json'), 'utf8')).measured;
}

async function remember(batchSize: number): Promise<void> {
  const [found] = await remembered();
  const text = JSON.stringify({ formatVersion: 1, measured: [{ ...found, batchSize }] });
  await writeFile(project.path('out/small/batch-sizes.json'), text);
}

describe('before the first run', () => {
  it('--dry-run says that the batch size would be measured, and leaves nothing behind', async () => {
    const before = await readdir(project.folder);
    const { stdout } = await project.serveBatch(['run', '--dry-run']);
    expect(stdout).toMatch(/shards +3 of 122,880 rows, batch size auto \(measured when the run begins\)/);
    const json = await project.serveBatch(['run', '--dry-run', '--json', '--batch-size', 'auto']);
    expect(JSON.parse(json.stdout).batchSize).toBe('auto');
    expect(await readdir(project.folder)).toEqual(before);
  });

  it('--dry-run knows it where the flag says it, or the input is small', async () => {
    const given = await project.serveBatch(['run', '--dry-run', '--batch-size', '300']);
    expect(given.stdout).toContain('122,880 rows, 300 rows a batch');
    await runSql([`COPY (FROM '${project.path('rows.parquet')}' LIMIT 100) TO '${project.path('few.csv')}'`]);
    const small = await project.serveBatch(['run', '--dry-run', '--input', 'few.csv']);
    expect(small.stdout).toContain('1,024 rows a batch');
  });
});

describe('--batch-size auto', () => {
  it('measures at the beginning of a run, and writes down what it found', async () => {
    const result = await project.serveBatch(['run', '--batch-size', 'auto', '--debug', '--json']);
    expect(result.code).toBe(0);
    first = JSON.parse(result.stdout);
    const [found, ...more] = await remembered();
    expect(more).toEqual([]);
    expect([256, 1024, 4096]).toContain(found?.batchSize);
    expect(Object.keys(found?.rowsPerSecond ?? {})).toContain('1024');
    expect(first.batchSize).toBe(found?.batchSize);
    expect((await planOf(first)).batchSize).toBe(found?.batchSize);
    const line = result.stderr.split('\n').find((each) => each.includes('"measured batch sizes"'));
    expect(JSON.parse(line ?? '{}')).toMatchObject({
      chosen: found?.batchSize,
      rowsPerSecond: found?.rowsPerSecond,
      otherBits: [],
    });
  });

  it('is the default, and the same run as without the flag', async () => {
    const { stdout } = await project.serveBatch(['run']);
    expect(stdout).toContain(`Up to date: run ${first.runId} of small`);
  });

  it.each([256, 4096])(
    'takes what was measured before: %i rows, and the parts are the same',
    async (size) => {
      await remember(size);
      const { stdout } = await project.serveBatch(['run', '--dry-run']);
      expect(stdout).toContain(`${size.toLocaleString('en')} rows a batch`);
      const record = await project.run(['--force'], { env: { SERVE_BATCH_BATCH_SIZE: 'auto' } });
      expect(record.batchSize).toBe(size);
      expect(record.identity).toEqual(first.identity);
      expect(record.output.parts).toEqual(first.output.parts);
      expect((await remembered())[0]?.batchSize).toBe(size);
    },
  );

  it('a run that is continued keeps the size of its plan', async () => {
    const args = ['run', 'small', '--shard-rows', '20000', '--processes', '1'];
    await remember(256);
    const killed = await killAfterShards(project, args, 2);
    await remember(4096);
    const record = await project.run(args.slice(1));
    expect(record).toMatchObject({ runId: killed.runId, batchSize: 256, shards: { reused: killed.shards } });
  });

  it('measures again where the file is damaged', async () => {
    await writeFile(project.path('out/small/batch-sizes.json'), '{"formatVersion": 1, "meas');
    const record = await project.run(['--force']);
    expect((await remembered()).map(({ batchSize }) => batchSize)).toEqual([record.batchSize]);
    expect(record.output.parts).toEqual(first.output.parts);
  });

  it('a number wins over it, is another run, and measures nothing', async () => {
    await writeFile(project.path('out/small/batch-sizes.json'), '');
    const record = await project.run(['--batch-size', '1024']);
    expect(record.batchSize).toBe(1024);
    expect(record.identity.specSha256).not.toBe(first.identity.specSha256);
    expect(record.output.parts).toEqual(first.output.parts);
    expect(await readFile(project.path('out/small/batch-sizes.json'), 'utf8')).toBe('');
  });

  it('runs show says how many rows a batch has', async () => {
    const { stdout } = await project.serveBatch(['runs', 'show', first.runId]);
    expect(stdout).toMatch(new RegExp(`batches +${first.batchSize?.toLocaleString('en')} rows: p50 `));
  });
});

it.each(['0', 'many', '1.5'])('--batch-size %s is refused', async (text) => {
  const { code, stderr } = await project.serveBatch(['run', '--batch-size', text]);
  expect(code).toBe(2);
  expect(stderr).toContain('Expected auto, or a whole number, at least 1.');
});
