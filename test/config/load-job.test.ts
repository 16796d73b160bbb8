// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how job files write variables
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Environment } from '../../src/config/file/fill-environment.ts';
import { loadProject } from '../../src/config/file/load-project.ts';
import { loadJob } from '../../src/config/load-job.ts';
import { toServeBatchError } from '../../src/core/errors.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'serve-batch-config-'));
  await mkdir(join(folder, 'jobs'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(file: string, text: string): Promise<string> {
  await writeFile(join(folder, file), text);
  return file;
}

async function load(text: string, env: Environment = {}) {
  await write('jobs/sales.yaml', text);
  return (await loadJob('jobs/sales.yaml', { projectFolder: folder, env })).spec;
}

async function failureOf(promise: Promise<unknown>) {
  const error = await promise.then(
    () => new Error('nothing was thrown'),
    (thrown: unknown) => thrown,
  );
  return toServeBatchError(error);
}

const failure = (text: string, env: Environment = {}) => failureOf(load(text, env));

describe('the long form of a job', () => {
  it('has a default for everything but the model', async () => {
    expect(await load('model: m.onnx')).toEqual({
      name: 'sales',
      description: null,
      actuals: null,
      isDefault: false,
      params: {},
      publish: { gates: [] },
      intervals: null,
      input: { paths: [], grid: null, incremental: null, hivePartitioning: 'auto', csv: {}, json: {} },
      features: { columns: null, select: null, tables: {}, externalAccess: false },
      model: { path: join(folder, 'm.onnx'), outputs: null },
      output: {
        path: join(folder, 'out'),
        kind: 'folder',
        columns: null,
        rename: {},
        vectors: 'list',
        compression: 'zstd',
      },
      kv: null,
      execution: {
        processes: null,
        shardRows: null,
        batchSize: 'auto',
        threads: 1,
        device: 'auto',
        deviceOptions: {},
        engine: 'auto',
        retries: 2,
        slots: 1,
        timeoutSeconds: null,
        memoryLimitBytes: null,
        queue: null,
      },
      onInvalid: { action: 'fail', maxRows: null, maxShare: null },
      coverage: { min: 1 },
      schedule: null,
      notify: null,
      heartbeat: null,
      metrics: null,
      lineage: null,
      serving: { enabled: true, maxAgeSeconds: null, onStoreDown: 'unavailable', live: null, normalise: {} },
    });
  });

  it('holds everything that the file says', async () => {
    const spec = await load(`
name: daily
description: All of it
default: true
input:
  path: [a.csv, data/*.csv]
  format: csv
  hivePartitioning: false
  csv: {delimiter: '\\t', nullText: NA, types: {zip: VARCHAR}, skip: 2}
  json: {types: {a: INTEGER}}
features:
  columns: {x: [a, b]}
  select: SELECT * FROM input
  tables: {stores: stores.csv}
model: {path: m.onnx, outputs: [y]}
output: {path: one.parquet, columns: [region], rename: {y: sales}, vectors: columns, compression: gzip}
kv: {url: 'lmdb:store', key: '{a}', field: '{b}', values: [sales], ttl: 14d, keep: 3, layout: packed}
execution: {processes: 3, shardRows: 10, batchSize: 5, threads: 2, retries: 0, slots: 2, timeout: 2h, memoryLimit: 1GB}
onInvalid: {action: reject, max: 1%}
`);
    expect(spec).toMatchObject({
      name: 'daily',
      description: 'All of it',
      isDefault: true,
      input: {
        paths: [join(folder, 'a.csv'), join(folder, 'data/*.csv')],
        format: 'csv',
        hivePartitioning: false,
        csv: { delimiter: '\t', nullText: ['NA'], types: { zip: 'VARCHAR' }, skip: 2 },
        json: { types: { a: 'INTEGER' } },
      },
      features: {
        columns: { x: ['a', 'b'] },
        select: 'SELECT * FROM input',
        tables: { stores: join(folder, 'stores.csv') },
      },
      model: { path: join(folder, 'm.onnx'), outputs: ['y'] },
      output: {
        path: join(folder, 'one.parquet'),
        kind: 'file',
        columns: ['region'],
        rename: { y: 'sales' },
        vectors: 'columns',
        compression: 'gzip',
      },
      kv: {
        url: `lmdb:${join(folder, 'store')}`,
        key: { text: '{a}', columns: ['a'] },
        field: { text: '{b}', columns: ['b'] },
        values: ['sales'],
        ttlSeconds: 1_209_600,
        keepGenerations: 3,
        layout: 'packed',
      },
      execution: {
        processes: 3,
        shardRows: 10,
        batchSize: 5,
        threads: 2,
        retries: 0,
        slots: 2,
        timeoutSeconds: 7200,
        memoryLimitBytes: 1e9,
      },
      onInvalid: { action: 'reject', maxRows: null, maxShare: 0.01 },
    });
  });

  it.each([['s3://bucket/a.parquet'], ['https://host/a.csv'], ['-'], ['/absolute/a.csv']])(
    'leaves the input %s as it is',
    async (path) => {
      expect((await load(`{model: m.onnx, input: '${path}'}`)).input.paths).toEqual([path]);
    },
  );

  it('has the default store where kv has a key and no url', async () => {
    expect((await load('{model: m, kv: {key: "{a}"}}')).kv).toMatchObject({
      url: null,
      keepGenerations: 2,
      layout: 'hash',
      ttlSeconds: null,
    });
  });

  it('keeps the key columns in the parts where the store is switched off', async () => {
    const spec = await load(
      '{model: m, output: {columns: [b, z]}, kv: {url: "${KV:-none}", key: "{a}:{b}", field: "{c}"}}',
    );
    expect(spec.kv).toBeNull();
    expect(spec.output.columns).toEqual(['a', 'b', 'c', 'z']);
  });

  it('takes one null text as a list of several', async () => {
    const nullTextOf = async (text: string) =>
      (await load(`{model: m, input: {csv: {nullText: ${text}}}}`)).input.csv.nullText;
    expect(await nullTextOf('NA')).toEqual(['NA']);
    expect(await nullTextOf('[NA, ""]')).toEqual(['NA', '']);
  });

  it('follows anchors and aliases', async () => {
    expect((await load('model: &m m.onnx\ninput: *m')).input.paths).toEqual([join(folder, 'm.onnx')]);
  });

  it('takes values from the environment, and tells what must not be shown', async () => {
    await write(
      'jobs/sales.yaml',
      'model: m.onnx\nkv: {url: "redis://:${REDIS_PASSWORD}@cache", key: "{a}"}',
    );
    const { spec, secrets, file } = await loadJob('sales', {
      projectFolder: folder,
      env: { REDIS_PASSWORD: 'hunter2-hunter2' },
    });
    expect(spec.kv?.url).toBe('redis://:hunter2-hunter2@cache');
    expect(secrets.mask(JSON.stringify(spec))).not.toContain('hunter2');
    expect(file).toBe(join(folder, 'jobs/sales.yaml'));
  });

  it('does not let a value bring YAML with it', async () => {
    expect((await load('model: ${MODEL}', { MODEL: 'm.onnx\ndefault: true' })).isDefault).toBe(false);
  });
});

describe('where a problem stands', () => {
  it.each([
    [
      'a value',
      'model: m.onnx\nexecution:\n  batchSize: 10\n  shardRows: many\n',
      'jobs/sales.yaml:4:3  execution.shardRows is "many"',
    ],
    ['an item of a list', 'model: m.onnx\ninput:\n  - a.csv\n  - 5\n', 'jobs/sales.yaml:4:5  input[1] is 5'],
    [
      'an unknown field',
      'model: m.onnx\n\nkvs: none\n',
      'jobs/sales.yaml:3:1  kvs is not a field. Did you mean "kv"?',
    ],
    [
      'a field that is missing',
      'model: m.onnx\nkv:\n  field: "{date}"\n',
      'jobs/sales.yaml:2:1  kv.key is missing',
    ],
    ['a field that is missing at the top', '\n\ndescription: x\n', 'jobs/sales.yaml:3:1  model is missing'],
    ['an aliased map', 'model: &m {path: 5}\ninput: *m\n', 'jobs/sales.yaml:1:12  input.path is 5'],
    [
      'a short form',
      'model: m.onnx\nexecution: {threads: 0}\n',
      'jobs/sales.yaml:2:13  execution.threads is 0',
    ],
    [
      'a missing variable',
      'model: m.onnx\noutput: ${NONE}\n',
      'jobs/sales.yaml:2:1  output needs the environment variable NONE',
    ],
    ['an empty file', '', 'jobs/sales.yaml is empty. Write at least the model'],
    ['a file of comments', '# nothing\n', 'jobs/sales.yaml is empty. Write at least the model'],
    ['a list', '- model: m.onnx\n', 'jobs/sales.yaml:1:1  the job is a list; expected a map'],
    [
      'no YAML',
      'model: m.onnx\ninput: "a\n',
      'jobs/sales.yaml:3:1  This is not proper YAML: Missing closing "quote',
    ],
    ['bad indentation', 'model:\n  path: m\n outputs: []\n', 'jobs/sales.yaml:3:'],
    [
      'a field twice',
      'model: m.onnx\nmodel: n.onnx\n',
      'jobs/sales.yaml:2:1  This field stands here a second time.',
    ],
    [
      'a second document',
      'model: m.onnx\n---\nmodel: n.onnx\n',
      'jobs/sales.yaml:2:1  A second document starts here. Write one job per file.',
    ],
    [
      'aliases without end',
      `a: &a [x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c]\n`,
      'jobs/sales.yaml cannot be read: ',
    ],
    [
      'an alias of nothing',
      'model: m\ninput: *.parquet\n',
      'jobs/sales.yaml:2:8  "*.parquet" refers to nothing. Quote a text that starts with *.',
    ],
  ])('%s', async (_, text, message) => {
    const error = await failure(text);
    expect(error).toMatchObject({ code: 'JOB_FILE', exitCode: 2 });
    expect(error.message).toContain(message);
    expect(error.fields.file).toBe('jobs/sales.yaml');
  });

  it('tells all problems in the order of the file, one a line', async () => {
    const error = await failure('model: m.onnx\nonInvalid: skip\nkv: {key: x}\nexecution: {retries: few}\n');
    expect(error.message.split('\n').map((line) => line.slice(0, 'jobs/sales.yaml:2:'.length))).toEqual([
      'jobs/sales.yaml:2:',
      'jobs/sales.yaml:3:',
      'jobs/sales.yaml:4:',
    ]);
    expect(error.fields).toMatchObject({ line: 2, problems: error.message.split('\n') });
  });

  it('never shows a secret, not even in what is wrong', async () => {
    const error = await failure('model: m.onnx\nkv: {key: "${API_TOKEN}"}\n', {
      API_TOKEN: 'hunter2-hunter2',
    });
    expect(error.message).toContain('kv.key is "***"');
    expect(JSON.stringify(error.fields)).not.toContain('hunter2');
  });
});

describe('which file', () => {
  const options = () => ({ projectFolder: folder, env: {} });

  it('is found by the name in the file before its own', async () => {
    await write('jobs/a.yml', '{name: weekly, model: m}');
    await write('jobs/weekly-old.yaml', '{model: m}');
    expect((await loadJob('weekly', options())).file).toBe(join(folder, 'jobs/a.yml'));
  });

  it('may be given by its path; its own folder is the project where it is not in jobs/', async () => {
    await mkdir(join(folder, 'elsewhere'));
    const file = await write('elsewhere/x.yaml', 'model: m.onnx');
    expect((await loadJob(file, options())).spec.model.path).toBe(join(folder, 'elsewhere/m.onnx'));
    expect((await loadJob(join(folder, file), { projectFolder: '/', env: {} })).spec.name).toBe('x');
  });

  it('is named in full where it lies outside the project', async () => {
    const file = join(folder, await write('x.yaml', '{}'));
    expect(
      (await failureOf(loadJob(file, { projectFolder: join(folder, 'jobs'), env: {} }))).message,
    ).toContain(`${file}:1:1`);
  });

  it.each([
    ['of a path that does not exist', 'jobs/none.yaml', 'The job file jobs/none.yaml does not exist.'],
    ['of a folder', 'jobs/../jobs/dir.yaml', 'The job file jobs/dir.yaml is a folder'],
    [
      'of a mistyped name',
      'sale',
      'There is no job "sale". Did you mean "sales"? The jobs are other, sales.',
    ],
    ['of an unknown name', 'unheard-of', 'There is no job "unheard-of". The jobs are other, sales.'],
    [
      'whose name cannot be the name of a job',
      'jobs/Bad Name.yaml',
      "jobs/Bad Name.yaml:1:1  name is missing, and the file's name",
    ],
  ])('says what is wrong %s', async (_, job, message) => {
    await write('jobs/sales.yaml', 'model: m');
    await write('jobs/other.yaml', 'model: m');
    if (job.includes('dir')) await mkdir(join(folder, 'jobs/dir.yaml'));
    if (job.includes('Bad')) await write(job, 'model: m');
    const error = await failureOf(loadJob(job, options()));
    expect(error.code).toBe('JOB_FILE');
    expect(error.message.replace('dir.yaml, ', '').replace('dir, ', '')).toContain(message);
  });

  it.each(['Weekly Sales', ''])('is found by its file where its name, "%s", cannot be one', async (name) => {
    await write('jobs/odd.yaml', `{name: "${name}", model: m}`);
    expect((await failureOf(loadJob('odd', options()))).message).toMatch(/^jobs\/odd\.yaml:1:2 {2}name is /);
  });

  it('says so where two files have the name', async () => {
    await write('jobs/a.yaml', '{name: sales, model: m}');
    await write('jobs/sales.yaml', 'model: m');
    expect((await failureOf(loadJob('sales', options()))).message).toMatch(
      /Two files are named "sales": .*a\.yaml and .*sales\.yaml/,
    );
  });

  it('says so where there is no job at all', async () => {
    expect((await failureOf(loadJob('sales', options()))).message).toContain(
      'jobs/ is empty. Write jobs/sales.yaml',
    );
  });

  it('is not disturbed by mistakes in other files', async () => {
    await write('jobs/broken.yaml', 'model: "');
    await write('jobs/wrong.yaml', 'modle: x');
    await write('jobs/sales.yaml', 'model: m');
    expect((await loadJob('sales', options())).spec.name).toBe('sales');
  });
});

describe('the project', () => {
  const project = (env: Environment = {}) => loadProject(folder, env);

  it('lists its jobs by name, and no other files', async () => {
    await write('jobs/b.yaml', 'model: m');
    await write('jobs/a.yml', '{name: z, model: m}');
    await write('jobs/.hidden.yaml', 'model: m');
    await write('jobs/notes.md', '');
    expect((await project()).jobs.map(({ name }) => name)).toEqual(['b', 'z']);
  });

  it('is empty without jobs/', async () => {
    await rm(join(folder, 'jobs'), { recursive: true });
    const empty = await project();
    expect(empty.jobs).toEqual([]);
    expect(() => empty.defaultJob()).toThrow('jobs/ is empty. Write jobs/NAME.yaml, or give --model');
  });

  it('has the marked job as its default', async () => {
    await write('jobs/a.yaml', 'model: m');
    await write('jobs/b.yaml', '{model: m, default: "${IS_DEFAULT:-true}"}');
    expect((await project()).defaultJob().name).toBe('b');
  });

  it('has its only job as its default', async () => {
    await write('jobs/a.yaml', 'model: m');
    expect((await project()).defaultJob().name).toBe('a');
  });

  it.each([
    [
      'none of several is marked',
      'model: m',
      'model: m',
      'No job is marked default: true. Name one of a, b, or mark one.',
    ],
    ['two are marked', '{default: true}', '{default: true}', 'Two jobs are marked default: true'],
    ['the marked one may be the one that is no YAML', 'model: m', 'model: "', 'jobs/b.yaml:1:'],
  ])('has no default where %s', async (_, a, b, message) => {
    await write('jobs/a.yaml', a);
    await write('jobs/b.yaml', b);
    const both = await project();
    expect(() => both.defaultJob()).toThrow(
      expect.objectContaining({ code: 'JOB_FILE', message: expect.stringContaining(message) }),
    );
  });
});
