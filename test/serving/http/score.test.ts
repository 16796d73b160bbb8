import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tableFromJSON, tableToIPC } from 'apache-arrow';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { DEFAULT_LIVE } from '../../../src/config/sections/live.ts';
import { DEFAULT_SERVING } from '../../../src/config/sections/serving.ts';
import { openDatabase } from '../../support/database.ts';
import { makeProject, type Project } from '../../support/project.ts';
import { liveWorkers } from '../live/live-workers.ts';
import { startTestServer, type TestServer } from '../served-store.ts';

const ODD_JOB = `input: odd.csv
features:
  select: |
    SELECT bad AS price, 0 AS discount, 1 AS day_of_week, 11 AS month, 100 AS size_sqm, 1 AS lag_7, 2 AS lag_14,
      3 AS mean_28, 0 AS region, 0 AS category
    FROM input
model: fixtures/sales.onnx
kv: { key: "{product}" }
serving: { live: true }
`;

let project: Project;
let server: TestServer;
/** A row of the golden job, whose prediction is 14.964146. */
let row: Record<string, unknown>;

beforeAll(async () => {
  project = await makeProject();
  await project.run(['sales']);
  await project.write('odd.csv', 'product,bad\n1,2.5\n2,4.5\n');
  await project.write('jobs/odd.yaml', ODD_JOB);
  await project.run(['odd']);
  vi.spyOn(process, 'cwd').mockReturnValue(project.folder);
  const database = await openDatabase();
  const input = project.path('fixtures/sales.parquet');
  const where = `store = 1 AND product = 2 AND date = DATE '2026-11-21'`;
  const found = await database.rows(`SELECT * FROM read_parquet('${input}') WHERE ${where}`);
  row = Object.fromEntries(
    Object.entries(found[0] ?? {}).map(([name, value]) => {
      const isText = ['region', 'category', 'date'].includes(name);
      return [name, isText ? value : Number(value)];
    }),
  );
  await database.run(
    `COPY (SELECT * FROM read_parquet('${input}') WHERE ${where}) TO '${project.path('one.parquet')}' (FORMAT parquet)`,
  );
  const folderOfJob = project.path('out/sales');
  const serving = { ...DEFAULT_SERVING, live: DEFAULT_LIVE };
  const storeUrl = `lmdb:${join(folderOfJob, 'kv')}`;
  const source = { name: 'sales', description: null, schedule: null, storeUrl, folderOfJob, serving };
  server = await startTestServer([source], { startWorkers: liveWorkers, limits: { scoreRows: 5_000 } });
});

async function score(body: string | Buffer, type = 'application/json', accept = '*/*') {
  const response = await fetch(`${server.url}/v1/jobs/sales/score`, {
    method: 'POST',
    headers: { 'content-type': type, accept },
    body,
  });
  const text = await response.text();
  return { status: response.status, text, type: response.headers.get('content-type') };
}

const linesOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

/** Each column with the type that Arrow finds for its values. */
const arrowOf = (rows: readonly Record<string, unknown>[], format: 'file' | 'stream'): Buffer =>
  Buffer.from(tableToIPC(tableFromJSON([...rows]), format));

const csvOf = (rows: readonly Record<string, unknown>[]): string =>
  `${Object.keys(row).join(',')}\n${rows.map((each) => Object.values(each).join(',')).join('\n')}\n`;

describe('POST /v1/jobs/JOB/score', () => {
  it.each([
    ['JSON', 'application/json', async () => JSON.stringify([row])],
    ['JSON with rows', 'application/json', async () => JSON.stringify({ rows: [row] })],
    ['NDJSON', 'application/x-ndjson', async () => `${JSON.stringify(row)}\n`],
    ['CSV', 'text/csv; charset=utf-8', async () => csvOf([row])],
    ['Parquet', 'application/vnd.apache.parquet', () => readFile(project.path('one.parquet'))],
    ['an Arrow file', 'application/vnd.apache.arrow.file', async () => arrowOf([row], 'file')],
    ['an Arrow stream', 'application/vnd.apache.arrow.stream', async () => arrowOf([row], 'stream')],
  ])('scores %s as the run did', async (_, type, body) => {
    const { status, text } = await score(await body(), type);
    expect(status).toBe(200);
    const [first, last] = linesOf(text);
    expect(first).toEqual({ row: 1, value: 14.964146 });
    expect(last).toMatchObject({ rows: 1, rejects: 0, source: 'live', model: 'sales.onnx' });
  });

  it('rejects come back row by row, and the others are scored', async () => {
    const bad = [{ ...row, price: 'x' }, row, { ...row, price: 'NaN' }, { ...row, region: 'nowhere' }, row];
    for (const [body, type] of [
      [JSON.stringify(bad), 'application/json'],
      [csvOf(bad), 'text/csv'],
    ] as const) {
      const lines = linesOf((await score(body, type)).text);
      expect(lines.map((each) => each.reject?.column ?? each.value ?? 'end')).toEqual([
        ...['price', 14.964146, 'price', 'region', 14.964146, 'end'],
      ]);
      expect(lines[0].reject.reason).toMatch(/holds "x"; expected a finite number/);
      expect(lines.at(-1)).toMatchObject({ rows: 5, rejects: 3 });
    }
  });

  it('a row of Arrow that cannot be scored comes back with its reason', async () => {
    const bad = [row, { ...row, region: 'nowhere' }, { ...row, price: null }];
    const { text } = await score(arrowOf(bad, 'file'), 'application/vnd.apache.arrow.file');
    const lines = linesOf(text);
    expect(lines.map((each) => each.reject?.column ?? each.value ?? 'end')).toEqual([
      ...[14.964146, 'region', 'price', 'end'],
    ]);
  });

  it('a column of the input may be called bad', async () => {
    const folderOfJob = project.path('out/odd');
    const serving = { ...DEFAULT_SERVING, live: DEFAULT_LIVE };
    const source = { name: 'odd', description: null, schedule: null, folderOfJob, serving };
    const odd = await startTestServer([{ ...source, storeUrl: `lmdb:${join(folderOfJob, 'kv')}` }], {
      startWorkers: liveWorkers,
    });
    const stored = await odd.get('/v1/jobs/odd/predictions?product=1');
    const response = await fetch(`${odd.url}/v1/jobs/odd/score`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([
        { product: 1, bad: 2.5 },
        { product: 2, bad: 'x' },
      ]),
    });
    const [first, second, end] = linesOf(await response.text());
    expect(first).toEqual({ row: 1, value: stored.json.value });
    expect(second).toMatchObject({ row: 2, reject: { column: 'bad' } });
    expect(end).toMatchObject({ rows: 2, rejects: 1 });
  });

  it('takes the features of the model instead of the columns of the input, and streams events', async () => {
    const { store: _, product: __, date: ___, ...features } = row;
    const body = JSON.stringify([{ ...features, region: 1, category: 2 }]);
    const { text, type } = await score(body, 'application/json', 'text/event-stream');
    expect(type).toBe('text/event-stream');
    expect(text).toMatch(/^event: row\ndata: \{"row":1,"value":[\d.]+\}\n\nevent: end\ndata: \{"rows":1,/);
  });

  it('thousands of rows come back in order', async () => {
    const { text } = await score(csvOf(Array.from({ length: 4_500 }, () => row)), 'text/csv');
    const lines = linesOf(text);
    expect(lines).toHaveLength(4_501);
    expect(
      lines.slice(0, -1).every((each, index) => each.row === index + 1 && each.value === 14.964146),
    ).toBe(true);
  });

  it.each([
    [
      'a column that the input does not have',
      () => JSON.stringify([{ ...row, prize: 1 }]),
      'application/json',
      /"prize"/,
    ],
    [
      'a column that is missing',
      () => JSON.stringify([{ store: 1 }]),
      'application/json',
      /lack .{1,2}product/,
    ],
    ['__proto__', () => '[{"__proto__": {"a": 1}}]', 'application/json', /lack|__proto__/],
    ['no JSON', () => '[{', 'application/json', /not valid JSON/],
    ['no rows', () => '[]', 'application/json', /lack|0 rows/],
    ['a list of numbers', () => '[1]', 'application/json', /Row 1 is no object/],
    ['ragged CSV', () => `${csvOf([row])}1,2\n`, 'text/csv', /cannot be read/],
    ['Parquet that is none', () => 'PAR1', 'application/vnd.apache.parquet', /cannot be read/],
    ['Arrow that is none', () => 'ARROW1', 'application/vnd.apache.arrow.file', /cannot be read|Arrow/],
    ['another type', () => 'x', 'application/xml', /Content-Type/],
    [
      'too many rows',
      () => csvOf(Array.from({ length: 5_001 }, () => row)),
      'text/csv',
      /5001 rows; expected 1 to 5000/,
    ],
  ])('%s is a 422 that tells no path', async (_, body, type, message) => {
    const { status, text } = await score(body(), type);
    expect([status, text]).toEqual([422, expect.stringMatching(message)]);
    expect(text).not.toContain(project.folder);
    expect(text).not.toMatch(/post-[0-9a-f]{8}/);
  });
});

describe("MLflow's /invocations", () => {
  it('takes each of its forms', async () => {
    const [columns, values] = [Object.keys(row), Object.values(row)];
    for (const body of [
      { dataframe_split: { columns, data: [values, values] } },
      { dataframe_records: [row, row] },
      { instances: [row, row] },
      { inputs: Object.fromEntries(Object.entries(row).map(([name, each]) => [name, [each, each]])) },
    ]) {
      const { status, json } = await server.post('/invocations', body);
      expect([status, json]).toEqual([200, { predictions: [14.964146, 14.964146] }]);
    }
    expect((await server.get('/ping')).status).toBe(200);
  });

  it.each([
    ['an unknown form', { rows: [{}] }],
    ['a row that lacks a value', { dataframe_split: { columns: ['a', 'b'], data: [[1]] } }],
    ['columns of two lengths', { inputs: { a: [1, 2], b: [1] } }],
    ['a column too few', { instances: [{ store: 1 }] }],
    ['infinity as text', { instances: [{ price: 'Infinity' }] }],
  ])('%s is a 422', async (_, body) => {
    expect((await server.post('/invocations', body)).status).toBe(422);
  });
});
