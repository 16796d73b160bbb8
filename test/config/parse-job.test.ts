// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how job files write variables
import { describe, expect, it } from 'vitest';
import { parseJob } from '../../src/config/parse-job.ts';

const MODEL = { model: 'models/sales.onnx' };

function messagesOf(data: unknown, env: Record<string, string> = {}): string[] {
  return parseJob(data, env).problems.map(({ message }) => message);
}

describe('what is accepted', () => {
  it.each([
    ['the model alone', {}],
    ['an input path', { input: 'a.parquet' }],
    ['a list of inputs', { input: ['a.parquet', 'b/*.parquet'] }],
    ['reading options without a path', { input: { format: 'csv', csv: { delimiter: ';', quote: '' } } }],
    ['an escaped and a plain null text', { input: { csv: { nullText: ['', 'NA'] } } }],
    ['Hive partitions', { input: { path: 'data', hivePartitioning: true } }],
    ['new rows', { input: { path: 'a.parquet', incremental: { column: 'updated_at' } } }],
    ['late rows', { input: { path: 'a', incremental: { column: 'a', lateness: '2d', key: 'id' } } }],
    ['late rows of numbers', { input: { path: 'a', incremental: { column: 'a', lateness: 0.5 } } }],
    ['new files', { input: { path: 'in', incremental: 'files' } }],
    ['new files at once', { input: { path: 'in', incremental: { files: true, settle: 0 } }, kv: 'none' }],
    ['new files that settle', { input: { path: 'in', incremental: { files: true, settle: '1m' } } }],
    [
      'new files with a store switched off',
      { input: { path: 'in', incremental: 'files' }, kv: { url: 'none', key: '{store}' } },
    ],
    ['a matrix', { features: { columns: ['price', 'discount'] } }],
    ['inputs by name', { features: { columns: { price: ['price'] } } }],
    ['a SELECT with tables', { features: { select: 'FROM input', tables: { stores: 'stores.csv' } } }],
    ['outputs of the model', { model: { path: 'm.onnx', outputs: ['sales'] } }],
    ['all columns', { output: { columns: '*' } }],
    ['no store', { kv: 'none' }],
    ['the default store', { kv: { key: '{store}' } }],
    ['a store switched off', { kv: { url: 'none', key: '{store}' } }],
    [
      'a Redis store',
      { kv: { url: 'rediss://cache:6380/1', key: '{a}:{b}', field: '{c}', ttl: '14d', keep: 3 } },
    ],
    ['packed fields', { kv: { key: '{store}', field: '{date}', layout: 'packed' } }],
    ['seconds to live', { kv: { key: '{store}', ttl: 3600 } }],
    ['a memory limit', { execution: { memoryLimit: '1.5GB', retries: 0 } }],
    ['a batch size', { execution: { batchSize: 256 } }],
    ['a batch size that is found', { execution: { batchSize: 'auto' } }],
    ['a limit of rejects', { onInvalid: { action: 'reject', max: 0 } }],
    ['a share of rejects', { onInvalid: { action: 'reject', max: '0.5%' } }],
  ])('%s', (_, fields) => {
    expect(messagesOf({ ...MODEL, ...fields })).toEqual([]);
  });
});

describe('what is refused, and what is said', () => {
  it.each<[unknown, string]>([
    [
      { model: null },
      'model is empty; expected the path of an ONNX model. Write for example models/sales.onnx.',
    ],
    [{ model: { outputs: ['x'] } }, 'model.path is missing; expected the path of an ONNX model.'],
    [
      { model: { path: 'm', outputs: [] } },
      'model.outputs is an empty list; expected a list of output names.',
    ],
    [{ name: 'Daily Sales' }, 'name is "Daily Sales"; expected lower-case letters, digits, "-" and "_"'],
    [{ name: '-x' }, 'name is "-x"; expected lower-case letters'],
    [{ description: 5 }, 'description is 5; expected a text.'],
    [{ default: 'yes' }, 'default is "yes"; expected true or false.'],
    [{ input: '' }, 'input is ""; expected a file, glob or folder'],
    [{ input: 5 }, 'input is 5; expected a file, glob or folder'],
    [{ input: [] }, 'input is an empty list; expected a file, glob'],
    [{ input: ['a', 5] }, 'input[1] is 5; expected a file, glob'],
    [{ input: { path: ['a', 5] } }, 'input.path[1] is 5; expected a file, glob'],
    [
      { input: { pth: 'a' } },
      'input.pth is not a field. Did you mean "path"? The fields of input are path, grid, filter, incremental, format,',
    ],
    [
      { input: { incremental: 'rows' } },
      'input.incremental is "rows"; expected files, or a map with column or files.',
    ],
    [
      { input: { incremental: {} } },
      'input.incremental is a map; expected files, or a map with column or files.',
    ],
    [
      { input: { incremental: { column: 'a', files: true } } },
      'input.incremental is a map; expected files, or a map with column or files.',
    ],
    [
      { input: { incremental: { column: 'a', settle: 5 } } },
      'input.incremental.settle is 5; expected no settle beside a column: it is for files.',
    ],
    [
      { input: { incremental: { column: 'a', lateness: '2 days' } } },
      'input.incremental.lateness is "2 days"; expected a time of whole seconds, 0 or more (s, m, h, d, w), or a number',
    ],
    [
      { input: { incremental: { column: 'a', lateness: -1 } } },
      'input.incremental.lateness is -1; expected a time of whole seconds',
    ],
    [
      { input: { incremental: { files: true, lateness: '1d' } } },
      'input.incremental.lateness is "1d"; expected no lateness beside files: it is for a column.',
    ],
    [
      { input: { incremental: { column: 'a', key: 'b' } } },
      'input.incremental.key is "b"; expected no key without lateness',
    ],
    [
      { input: { incremental: { files: true, settle: '10 s' } } },
      'input.incremental.settle is "10 s"; expected a time of whole seconds, 0 or more',
    ],
    [
      { input: { grid: { a: [1] }, incremental: 'files' } },
      'input.incremental is "files"; expected no incremental beside a grid',
    ],
    [
      { input: { incremental: 'files' }, output: 'all.parquet' },
      'output is "all.parquet"; expected a folder beside input.incremental: one file holds',
    ],
    [
      { input: { incremental: 'files' }, output: { path: 'all.parquet' } },
      'output is a map; expected a folder beside input.incremental',
    ],
    [{ input: { format: 'xlsx' } }, 'input.format is "xlsx"; expected parquet, csv, json or arrow.'],
    [{ input: { maxBytes: 'much' } }, 'input.maxBytes is "much"; expected a size in bytes'],
    [
      { input: { hivePartitioning: 'yes' } },
      'input.hivePartitioning is "yes"; expected auto, true or false.',
    ],
    [
      { input: { csv: { delimiter: '' } } },
      'input.csv.delimiter is ""; expected what stands between two fields.',
    ],
    [
      { input: { csv: { delimiter: '-----' } } },
      'input.csv.delimiter is "-----"; expected at most four characters.',
    ],
    [{ input: { csv: { quote: '""' } } }, 'input.csv.quote is "\\"\\""; expected one character'],
    [{ input: { csv: { escape: 5 } } }, 'input.csv.escape is 5; expected one character'],
    [{ input: { csv: { header: 1 } } }, 'input.csv.header is 1; expected true or false.'],
    [{ input: { csv: { nullText: 0 } } }, 'input.csv.nullText is 0; expected a text or a list of texts'],
    [{ input: { csv: { encoding: '' } } }, 'input.csv.encoding is ""; expected the name of an encoding.'],
    [{ input: { csv: { skip: -1 } } }, 'input.csv.skip is -1; expected a whole number of lines, at least 0.'],
    [
      { input: { csv: { dateFormat: 5 } } },
      'input.csv.dateFormat is 5; expected a date format as in strptime.',
    ],
    [
      { input: { csv: { timestampFormat: 5 } } },
      'input.csv.timestampFormat is 5; expected a timestamp format',
    ],
    [{ input: { csv: { decimalSeparator: ';' } } }, 'input.csv.decimalSeparator is ";"; expected . or ,.'],
    [
      { input: { csv: { types: ['a'] } } },
      'input.csv.types is a list; expected a map from column to DuckDB type.',
    ],
    [
      { input: { csv: { types: { 'unit price': 5 } } } },
      'input.csv.types["unit price"] is 5; expected a DuckDB type. Write for example VARCHAR.',
    ],
    [{ input: { json: { type: {} } } }, 'input.json.type is not a field. Did you mean "types"?'],
    [
      { features: 'price' },
      'features is "price"; expected a map with columns, select, tables, externalAccess.',
    ],
    [{ features: { columns: 'price' } }, 'features.columns is "price"; expected a list of columns, or a map'],
    [{ features: { columns: { x: 'price' } } }, 'features.columns.x is "price"; expected a list of columns.'],
    [{ features: { select: '' } }, 'features.select is ""; expected a DuckDB SELECT over the table input.'],
    [
      { features: { tables: { a: 'a.csv' } } },
      'features.select is missing; expected a SELECT that joins with',
    ],
    [
      { features: { select: 'FROM input', tables: { Input: 'a.csv' } } },
      'features.tables is a map; expected names other than "input"',
    ],
    [
      { features: { select: 'FROM input', tables: { a: 5 } } },
      'features.tables.a is 5; expected the path of a file.',
    ],
    [
      { output: 5 },
      'output is 5; expected a folder, or a file name that ends in .parquet, .csv, .csv.gz or .jsonl.',
    ],
    [
      { output: 'preds.json' },
      'output is "preds.json"; expected a folder, or a file name that ends in .parquet',
    ],
    [{ output: { path: 'a.tsv' } }, 'output.path is "a.tsv"; expected a folder, or a file name that ends in'],
    [
      { output: { columns: 'region' } },
      'output.columns is "region"; expected a list of input columns, or \'*\' for all.',
    ],
    [{ output: { rename: { a: '' } } }, 'output.rename.a is ""; expected the name of a column.'],
    [{ output: { vectors: 'array' } }, 'output.vectors is "array"; expected list or columns.'],
    [{ output: { compression: 'lzo' } }, 'output.compression is "lzo"; expected zstd, snappy, gzip or none.'],
    [
      { kv: 'redis://cache:6379' },
      'kv is "redis://cache:6379"; expected none, or a map with a key: a store needs kv.key',
    ],
    [{ kv: 'yes' }, 'kv is "yes"; expected none, or a map with a key'],
    [{ kv: true }, 'kv is true; expected none, or a map with key'],
    [
      { kv: { url: 'redis://cache:6379' } },
      'kv.key is missing; expected a text in quotes with columns in braces',
    ],
    [
      { kv: { url: 'memcached://a', key: '{a}' } },
      'kv.url is "memcached://a"; expected lmdb:PATH, redis://HOST:PORT',
    ],
    [{ kv: { key: 'store' } }, 'kv.key is "store"; expected a text in quotes with columns in braces'],
    [{ kv: { key: '{store' } }, 'kv.key is "{store"; expected a text in quotes with columns in braces'],
    [{ kv: { key: '{a}', field: 5 } }, 'kv.field is 5; expected a text in quotes with columns in braces'],
    [
      { kv: { key: '{a}', values: 'sales' } },
      'kv.values is "sales"; expected a list of prediction or kept columns.',
    ],
    [
      { kv: { key: '{a}', ttl: '2 weeks' } },
      'kv.ttl is "2 weeks"; expected a whole number of seconds, or one with',
    ],
    [{ kv: { key: '{a}', ttl: 0 } }, 'kv.ttl is 0; expected a whole number of seconds'],
    [
      { kv: { key: '{a}', ttl: '9999999999999999w' } },
      'kv.ttl is "9999999999999999w"; expected a whole number',
    ],
    [{ kv: { key: '{a}', layout: 'list' } }, 'kv.layout is "list"; expected hash or packed.'],
    [
      { kv: { key: '{a}', layout: 'packed' } },
      'kv.layout is "packed"; expected hash, or no layout at all, for a job without kv.field: packed puts',
    ],
    [{ kv: { key: '{a}', keep: 0 } }, 'kv.keep is 0; expected a whole number of generations, at least 1.'],
    [
      { execution: { processes: 0 } },
      'execution.processes is 0; expected a whole number of processes, at least 1.',
    ],
    [
      { execution: { shardRows: 'many' } },
      'execution.shardRows is "many"; expected a whole number of rows, at least 1. Write for example 500000.',
    ],
    [
      { execution: { batchSize: 1.5 } },
      'execution.batchSize is 1.5; expected auto, or a whole number of rows, at least 1. Write for example 1024.',
    ],
    [{ execution: { batchSize: 0 } }, 'execution.batchSize is 0; expected auto, or a whole number of rows'],
    [
      { execution: { batchSize: 'many' } },
      'execution.batchSize is "many"; expected auto, or a whole number of rows',
    ],
    [
      { execution: { threads: 1e30 } },
      'execution.threads is 1e+30; expected a whole number of threads, at least 1.',
    ],
    [{ execution: { retries: -1 } }, 'execution.retries is -1; expected a whole number, at least 0.'],
    [{ execution: { memoryLimit: '1XB' } }, 'execution.memoryLimit is "1XB"; expected a size in bytes'],
    [{ execution: { memoryLimit: '0GB' } }, 'execution.memoryLimit is "0GB"; expected a size in bytes'],
    [
      { onInvalid: 'skip' },
      'onInvalid is "skip"; expected fail, reject, or a map such as {action: reject, max: 1%}.',
    ],
    [{ onInvalid: 5 }, 'onInvalid is 5; expected fail, reject, or a map such as {action: reject, max: 1%}.'],
    [{ onInvalid: { max: 5 } }, 'onInvalid.action is missing; expected fail or reject.'],
    [
      { onInvalid: { action: 'reject', max: '101%' } },
      'onInvalid.max is "101%"; expected a whole number of rows',
    ],
    [{ onInvalid: { action: 'reject', max: -1 } }, 'onInvalid.max is -1; expected a whole number of rows'],
    [
      { onInvalid: { action: 'fail', max: 5 } },
      'onInvalid.max is 5; expected no limit where action is fail.',
    ],
    [
      { schedul: '0 2 * * *' },
      'schedul is not a field. Did you mean "schedule"? The fields of a job are name, description,',
    ],
    [{ execution: { shardrows: 5 } }, 'execution.shardrows is not a field. Did you mean "shardRows"?'],
  ])('%j', (fields, message) => {
    const messages = messagesOf({ ...MODEL, ...(fields as object) });
    expect(messages).toHaveLength(1);
    expect(messages[0]).toContain(message);
  });

  it.each([
    [null, 'the job is empty; expected a map with name,'],
    ['sales', 'the job is "sales"; expected a map with name,'],
    [{}, 'model is missing; expected the path of an ONNX model.'],
  ])('a job that is %j', (data, message) => {
    expect(messagesOf(data)).toEqual([expect.stringContaining(message)]);
  });

  it('says all problems of a job at once', () => {
    expect(
      messagesOf({ modle: 'm.onnx', kv: { key: 'x' }, execution: { threads: 0, retries: 'few' } }),
    ).toHaveLength(5);
  });

  it.each([
    ['rediss://app:s3cr@t-word@cache', 'rediss://cache'],
    ['redis:app:s3cr@t-word@cache', '***@cache'],
  ])('never shows the password of a store: %s', (kv, masked) => {
    for (const field of [kv, { url: `x${kv}`, key: 5 }]) {
      const shown = messagesOf({ ...MODEL, kv: field }).join();
      expect(shown).toContain(masked);
      expect(shown).not.toMatch(/s3cr|t-word/);
    }
  });

  it('cuts long values short', () => {
    expect(messagesOf({ ...MODEL, kv: { key: 'x'.repeat(500) } })[0]?.length).toBeLessThan(250);
  });
});

describe('numbers and booleans from the environment', () => {
  it.each([
    ['a number', { execution: { processes: '${N}' } }, { N: '4' }],
    ['a boolean', { default: '${N}' }, { N: 'true' }],
    ['a boolean beside a word', { input: { hivePartitioning: '${N:-false}' } }, {}],
    ['a digit in a text', { name: '${N}' }, { N: '7' }],
  ])('%s is read as what the field wants', (_, fields, env) => {
    expect(messagesOf({ ...MODEL, ...fields }, env)).toEqual([]);
  });

  it('still says what is wrong with one', () => {
    expect(messagesOf({ ...MODEL, execution: { processes: '${N}', threads: '${N}' } }, { N: '0' })).toEqual([
      expect.stringContaining('execution.processes is 0; expected'),
      expect.stringContaining('execution.threads is 0; expected'),
    ]);
  });

  it('does not read a quoted number in the file as one', () => {
    expect(messagesOf({ ...MODEL, execution: { processes: '4', threads: '${N}' } }, { N: '1' })).toEqual([
      expect.stringContaining('execution.processes is "4"; expected'),
    ]);
  });

  it('says of a field with a missing variable only that', () => {
    expect(messagesOf({ ...MODEL, execution: { processes: '${NONE}' } })).toEqual([
      'execution.processes needs the environment variable NONE, which is not set. Set it, or write a default: ${NONE:-...}.',
    ]);
  });
});

it('a key of lineage that goes nowhere is an error that does not show it', () => {
  const { problems } = parseJob(
    { model: 'm.onnx', lineage: { file: 'x.ndjson', apiKey: 'k3y-of-lineage' } },
    {},
  );
  expect(problems).toHaveLength(1);
  expect(JSON.stringify(problems)).toContain('since there is a lineage.apiKey');
  expect(JSON.stringify(problems)).not.toContain('k3y-of-lineage');
});
