import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunRecord } from '../../src/runs/record/run-record.ts';
import { REPOSITORY } from '../support/cli.ts';
import { makeProject, type Project, temporaryFolder } from '../support/project.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { killAfterShards } from './kill-after-shards.ts';

const COMMANDS = [
  'run',
  'lookup',
  'runs ls',
  'runs show',
  'publish',
  'rollback',
  'inspect',
  'worker',
  'plan',
  'shard',
  'finish',
  'doctor',
];

let project: Project;
let record: RunRecord;
beforeAll(async () => {
  project = await makeProject();
  record = await project.run([]);
});

describe('help', () => {
  const helps = new Map<string, string>();
  beforeAll(async () => {
    for (const command of COMMANDS)
      helps.set(command, (await project.serveBatch([...command.split(' '), '--help'])).stdout);
  });
  const helpOf = (command: string): string => helps.get(command) ?? '';

  it('of the program lists the commands, examples and exit codes', async () => {
    const { code, stdout } = await project.serveBatch(['--help']);
    expect(code).toBe(0);
    for (const command of ['run', 'lookup', 'runs', 'publish', 'rollback', 'inspect', 'shard', 'doctor'])
      expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
    expect(stdout).toMatch(/^Examples:$/m);
    expect(stdout).toMatch(/^Exit codes:\n {2}0 done, 1 unexpected, 2 usage/m);
    expect(stdout).toMatch(
      /^Run:\n {2}run [\s\S]*^Many machines:\n {2}worker [\s\S]*^Look:\n {2}lookup [\s\S]*^Operate:\n {2}jobs /m,
    );
  });

  it.each(['run', 'lookup', 'publish', 'rollback', 'inspect', 'shard', 'doctor'])(
    'of %s has an example',
    async (command) => {
      expect(helpOf(command)).toMatch(new RegExp(`^Examples?.*:\\n  serve-batch ${command} `, 'm'));
    },
  );

  it.each(COMMANDS)('of %s says once how variables stand for flags', (command) => {
    const help = helpOf(command);
    expect(help.match(/SERVE_BATCH_/g)).toHaveLength(1);
    expect(help).toContain('SERVE_BATCH_SHARD_ROWS sets --shard-rows.');
  });

  it('a command without its argument says what is missing', async () => {
    const { code, stderr } = await project.serveBatch(['publish']);
    expect(code).toBe(2);
    expect(stderr).toContain("missing required argument 'run'");
  });

  it('prints the version of the package', async () => {
    const { version } = JSON.parse(await readFile(join(REPOSITORY, 'package.json'), 'utf8'));
    expect((await project.serveBatch(['--version'])).stdout).toBe(`${version}\n`);
  });
});

describe('variables', () => {
  it('stand for flags, and a flag wins over its variable', async () => {
    const env = {
      SERVE_BATCH_INPUT: 'fixtures/sales.csv',
      SERVE_BATCH_OUTPUT: 'elsewhere',
      SERVE_BATCH_KV: 'none',
      SERVE_BATCH_SHARD_ROWS: '1000',
      SERVE_BATCH_BATCH_SIZE: '100',
      SERVE_BATCH_PROCESSES: '1',
      SERVE_BATCH_COLUMNS: 'price,region',
    };
    const made = await project.run(['--shard-rows', '3500'], { env });
    expect(made.input.paths).toEqual(['fixtures/sales.csv']);
    expect(made.output.path).toMatch(/^elsewhere\/sales\/runs\//);
    expect(made.output.parts).toHaveLength(2);
    expect(made.kv).toBeNull();
    const plan = JSON.parse(await readFile(project.path(made.output.path, 'plan.json'), 'utf8'));
    expect(plan.batchSize).toBe(100);
    expect(plan.output.keptColumns.map(({ name }: { name: string }) => name)).toEqual([
      ...['store', 'product', 'date', 'price', 'region'],
    ]);
  });

  it('switch: 1 is on; 0, false and nothing are off', async () => {
    for (const value of ['0', 'false', '']) {
      const { stdout } = await project.serveBatch(['run'], {
        env: { SERVE_BATCH_JSON: value, SERVE_BATCH_FORCE: value },
      });
      expect(stdout).toContain('Up to date: run ');
    }
    const { stdout } = await project.serveBatch(['run'], { env: { SERVE_BATCH_JSON: '1' } });
    expect(JSON.parse(stdout).runId).toBe(record.runId);
  });
});

describe('what goes where', () => {
  it('--json prints the record and nothing else on standard output; it is what run.json holds', async () => {
    const fresh = await makeProject();
    const { stdout, stderr } = await fresh.serveBatch(['run', '--json']);
    const printed = JSON.parse(stdout);
    const published = await fresh.published();
    expect(printed).toEqual(published?.record);
    for (const line of stderr.split('\n').filter((each) => each !== ''))
      expect(JSON.parse(line).job).toBe('sales');
  });

  it('the record has every field that programs may rely on', () => {
    expect(Object.keys(record)).toEqual(
      expect.arrayContaining([
        ...[
          'runId',
          'job',
          'status',
          'startedAt',
          'finishedAt',
          'durationSeconds',
          'firstRowSeconds',
          'rowsIn',
          'rowsOut',
          'rejects',
        ],
        ...[
          'throughputRowsPerSecond',
          'shards',
          'stages',
          'batchSize',
          'batchLatencyMs',
          'peakMemoryBytes',
          'model',
          'input',
        ],
        ...['output', 'kv', 'versions', 'host'],
      ]),
    );
    expect(Object.keys(record.stages).sort()).toEqual(['features', 'infer', 'read', 'stage', 'write']);
    expect(Object.keys(record.batchLatencyMs)).toEqual(['p50', 'p95', 'p99', 'max']);
    expect(record.stages.infer).toBeGreaterThan(0);
    expect(record.batchLatencyMs.p50).toBeGreaterThan(0);
    expect(record.peakMemoryBytes).toBeGreaterThan(10_000_000);
  });

  it('--quiet prints nothing, unless there is an error', async () => {
    const good = await project.serveBatch(['run', '--force', '--quiet']);
    expect(good).toMatchObject({ code: 0, stdout: '', stderr: '' });
    const bad = await project.serveBatch(['run', '--input', 'nothing.parquet', '--quiet']);
    expect(bad).toMatchObject({ code: 3, stdout: '' });
    expect(bad.stderr).toMatch(/^error: .*nothing\.parquet/);
  });

  it('a run that takes long writes JSON lines with the run id on each to standard error', async () => {
    const { stderr } = await project.serveBatch(['run', '--force', '--debug']);
    const lines = stderr.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
    for (const line of lines)
      expect(line).toMatchObject({ job: 'sales', msg: expect.any(String), time: expect.any(String) });
  });
});

describe('inspect', () => {
  it('shows the first rows of a table, and what the file of a model says', async () => {
    const table = await project.serveBatch(['inspect', 'fixtures/stores.csv', '--rows', '2']);
    expect(table.stdout).toMatch(/COLUMN +TYPE +ROW 1 +ROW 2\nstore +BIGINT +1 +2\n/);
    const model = await project.serveBatch(['inspect', 'fixtures/sales.onnx']);
    expect(model.stdout).toMatch(/\nfile: \d+\.\d kB, sha256 [0-9a-f]{12}, by serve-batch-fixtures.*\n$/);
  });

  it('shows the signature of a model', async () => {
    const { code, stdout } = await project.serveBatch(['inspect', 'fixtures/sales.onnx']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/input\s+features\s+float32 \[rows, 10\]/);
    expect(stdout).toMatch(/output\s+sales\s+float32 \[rows, 1\]/);
    expect(stdout).toContain('feature_names: price, discount, day_of_week');
    const json = JSON.parse(
      (await project.serveBatch(['inspect', 'fixtures/sales-by-column.onnx', '--json'])).stdout,
    );
    expect(json.inputs).toHaveLength(10);
    expect(json.inputs).toContainEqual({
      name: 'region',
      elementType: 'string',
      shape: [expect.anything(), 1],
    });
  });

  it.each([
    ['fixtures/sales.parquet', 'parquet', 7000],
    ['fixtures/sales.csv', 'csv', 7000],
    ['fixtures/s*.csv', 'csv', null],
  ])('shows the columns and the rows of %s', async (path, format, rows) => {
    const { code, stdout } = await project.serveBatch(['inspect', path, '--json']);
    expect(code).toBe(0);
    const table = JSON.parse(stdout);
    expect(table).toMatchObject({ path, format });
    if (rows !== null) expect(table.rows).toBe(rows);
    expect(table.columns).toContainEqual({ name: 'region', type: 'VARCHAR' });
  });
});

describe('runs', () => {
  it('ls lists them newest first, with status and rows', async () => {
    const fresh = await makeProject();
    expect((await fresh.serveBatch(['runs', 'ls'])).stdout).toContain('No runs yet');
    const first = await fresh.run([]);
    const second = await fresh.run(['--force']);
    const other = await fresh.run(['sales-by-column']);
    const { stdout } = await fresh.serveBatch(['runs', 'ls']);
    const rows = stdout
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(/\s+/).slice(0, 4));
    expect(rows).toEqual([
      [other.runId, 'sales-by-column', 'published', '7,000'],
      [second.runId, 'sales', 'published', '7,000'],
      [first.runId, 'sales', 'superseded', '7,000'],
    ]);
    const only = await fresh.serveBatch(['runs', 'ls', '--job', 'sales', '--json']);
    expect(JSON.parse(only.stdout).map(({ runId }: RunRecord) => runId)).toEqual([second.runId, first.runId]);
  });

  it('show prints one of them, by the beginning of its id', async () => {
    const fresh = await makeProject();
    const { runId } = await fresh.run([]);
    const { code, stdout } = await fresh.serveBatch(['runs', 'show', runId.slice(0, 17)]);
    expect(code).toBe(0);
    expect(stdout).toContain(`Run ${runId} of sales: published`);
    const json = JSON.parse((await fresh.serveBatch(['runs', 'show', runId, '--json'])).stdout);
    expect(json).toMatchObject({ runId, status: 'published', rowsOut: 7000 });
  });
});

describe('--dry-run', () => {
  it.each(['fixtures/sales.parquet', 'fixtures/sales.csv'])(
    'shows the plan of %s and writes nothing',
    async (input) => {
      const fresh = await makeProject();
      const scratch = await temporaryFolder();
      const env = { TMPDIR: scratch };
      const { code, stdout } = await fresh.serveBatch(
        ['run', '--input', input, '--shard-rows', '999', '--dry-run'],
        { env },
      );
      expect(code).toBe(0);
      expect(stdout).toContain('7,000 rows');
      expect(stdout).toContain('8 of 999 rows');
      const json = await fresh.serveBatch(['run', '--input', input, '--dry-run', '--json'], { env });
      expect(JSON.parse(json.stdout)).toMatchObject({
        job: 'sales',
        input: { rows: 7000 },
        shards: [{ index: 0 }],
      });
      expect((await readdir(fresh.folder)).sort()).toEqual(['fixtures', 'jobs']);
      expect(await readdir(scratch)).toEqual([]);
    },
  );

  it('says what would become of the run that did this, or began it', async () => {
    const fresh = await makeProject();
    const dryRun = async (...flags: readonly string[]): Promise<string> =>
      (await fresh.serveBatch(['run', '--dry-run', ...flags])).stdout;
    const many = ['--shard-rows', '1400', '--processes', '1'];
    const killed = await killAfterShards(fresh, ['run', ...many], 1);
    expect(await dryRun(...many)).toContain(`would continue run ${killed.runId}`);
    const { runId } = await fresh.run([]);
    expect(await dryRun()).toContain(`The job sales is up to date: run ${runId} is published.`);
    expect(await dryRun('--force')).toContain('The job sales would do this (nothing is done now):');
  });
});

describe('shard', () => {
  it('computes the shards of a plan one by one; run then commits and publishes what is there', async () => {
    const fresh = await makeProject();
    const many = ['--shard-rows', '1400', '--processes', '1'];
    const killed = await killAfterShards(fresh, ['run', ...many], 1);
    const plan = join('out/sales/runs', killed.runId, 'plan.json');
    for (const index of [0, 1, 2, 3, 4]) {
      const { code, stdout } = await fresh.serveBatch([
        'shard',
        '--plan',
        plan,
        '--index',
        String(index),
        '--json',
      ]);
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject([{ index, rowsIn: 1400, rowsOut: 1400, rejects: 0 }]);
    }
    const made = await fresh.run(many);
    expect(made).toMatchObject({ runId: killed.runId, rowsOut: 7000, shards: { total: 5, reused: 5 } });
    expect(made.kv?.values).toBe(7000);
  });
});

describe('secrets', () => {
  const PASSWORD = 'hunter2-s3cret/+';
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis({ password: PASSWORD });
  });
  afterAll(async () => {
    await redis.stop();
  });

  it('never stand in what is printed or written', async () => {
    const jobs = {
      week: `
input: fixtures/sales.parquet
model: fixtures/sales-by-column.onnx
kv: {url: "redis://:\${STORE_PASSWORD}@127.0.0.1:${redis.port}", key: "{store}:{product}", field: "{date}"}
execution: {shardRows: 3500}
`,
    };
    const fresh = await makeProject({ jobs });
    const env = { STORE_PASSWORD: encodeURIComponent(PASSWORD) };
    const key = ['store=1', 'product=1', 'date=2026-11-21'];
    const outputs = [
      await fresh.serveBatch(['run', '--debug', '--dry-run', '--json'], { env }),
      await fresh.serveBatch(['run', '--debug', '--json'], { env }),
      await fresh.serveBatch(['run', '--debug', '--force', '--kv', redis.url], { env }),
      await fresh.serveBatch(['lookup', 'week', ...key, '--debug'], { env }),
      await fresh.serveBatch(['lookup', 'week', 'store=1', 'product=777', '--kv', redis.url], { env }),
      await fresh.serveBatch(['runs', 'ls', '--json'], { env }),
      await fresh.serveBatch(['rollback', 'week', '--debug', '--kv', redis.url], { env }),
    ];
    expect(outputs.map(({ code }) => code)).toEqual([0, 0, 0, 0, 4, 0, 0]);
    await redis.kill();
    outputs.push(await fresh.serveBatch(['run', '--debug', '--force'], { env }));
    outputs.push(await fresh.serveBatch(['lookup', 'week', ...key, '--debug'], { env }));
    expect(outputs.slice(-2).map(({ code }) => code)).toEqual([7, 7]);

    const forms = [PASSWORD, encodeURIComponent(PASSWORD)];
    for (const { stdout, stderr } of outputs)
      for (const form of forms) expect(stdout + stderr).not.toContain(form);
    for (const name of await readdir(fresh.path('out'), { recursive: true })) {
      const text = await readFile(fresh.path('out', name)).catch(() => Buffer.alloc(0));
      for (const form of forms) expect(text.includes(form), name).toBe(false);
    }
  });

  it('a variable that is not set is named, with its line', async () => {
    const fresh = await makeProject({
      jobs: {
        week: `input: a.csv
model: m.onnx
kv: {url: "redis://:\${NO_SUCH_VARIABLE}@h", key: "{a}"}
`,
      },
    });
    const { code, stderr } = await fresh.serveBatch(['run']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/jobs\/week\.yaml:3:\d+ .*NO_SUCH_VARIABLE/);
  });
});

describe('the library', () => {
  it('is what the package exports', async () => {
    const { execFileSync } = await import('node:child_process');
    const script = `import('serve-batch').then(async ({ createLookup }) => {
      const lookup = createLookup({ job: 'sales', url: ${JSON.stringify(`lmdb:${project.path('out/sales/kv')}`)} });
      const found = await lookup.get({ store: 1, product: 1, date: '2026-11-21' });
      await lookup.close();
      process.stdout.write(String(found.value));
    })`;
    const printed = execFileSync(process.execPath, ['-e', script], { cwd: REPOSITORY, encoding: 'utf8' });
    expect(Number(printed)).toBeCloseTo(2.317579, 4);
  });
});
