import { describe, expect, it } from 'vitest';
import { normaliseJob } from '../../src/config/normalise-job.ts';
import { adHocJob, overrideJob } from '../../src/config/override-job.ts';
import type { RunFlags } from '../../src/config/run-flags.ts';
import { keptColumns } from '../../src/config/sections/output.ts';

const SALES = normaliseJob(
  {
    model: { path: 'm.onnx', outputs: ['y'] },
    input: { path: 'a.csv', format: 'csv' },
    features: { select: 'FROM input' },
    output: { path: 'out', columns: ['region'], compression: 'gzip' },
    kv: { url: 'redis://cache', key: '{store}', ttl: '14d', keep: 5 },
    execution: { threads: 2, retries: 7 },
  },
  'sales',
  '/project',
);

describe('overrideJob', () => {
  it('changes nothing without flags', () => {
    expect(overrideJob(SALES, {})).toEqual(SALES);
  });

  it.each<[RunFlags, object]>([
    [{ inputs: ['b.csv', '-'] }, { input: { paths: ['b.csv', '-'], format: 'csv' } }],
    [{ model: 'n.onnx' }, { model: { path: 'n.onnx', outputs: ['y'] } }],
    [{ output: 'x' }, { output: { path: 'x', kind: 'folder', columns: ['region'], compression: 'gzip' } }],
    [{ output: 'x.parquet' }, { output: { path: 'x.parquet', kind: 'file' } }],
    [{ output: 'x.csv.gz' }, { output: { path: 'x.csv.gz', kind: 'file' } }],
    [{ output: 'x.json/' }, { output: { path: 'x.json/', kind: 'folder' } }],
    [{ outputColumns: ['a', 'b'] }, { output: { columns: ['a', 'b'] } }],
    [{ outputColumns: ['*'] }, { output: { columns: '*' } }],
    [{ features: ['a', 'b'] }, { features: { columns: ['a', 'b'], select: 'FROM input' } }],
    [
      { processes: 3, shardRows: 10, batchSize: 5 },
      { execution: { processes: 3, shardRows: 10, batchSize: 5, threads: 2, retries: 7 } },
    ],
    [{ device: 'cpu' }, { execution: { device: 'cpu', deviceOptions: {} } }],
    [{ batchSize: 'auto' }, { execution: { batchSize: 'auto', threads: 2 } }],
    [
      { kv: 'lmdb:x' },
      {
        kv: {
          url: 'lmdb:x',
          key: { text: '{store}' },
          ttlSeconds: 1_209_600,
          keepGenerations: 5,
          layout: 'hash',
        },
      },
    ],
    [{ kv: 'none' }, { kv: null, output: { columns: ['store', 'region'] } }],
    [
      { kv: 'none', key: ['a'], field: ['b'] },
      { kv: null, output: { columns: ['a', 'b', 'region'] } },
    ],
    [
      { key: ['a', 'b'] },
      { kv: { url: 'redis://cache', key: { text: '{a}:{b}', columns: ['a', 'b'] }, field: null } },
    ],
    [{ key: ['{a}/{b}'] }, { kv: { key: { text: '{a}/{b}' } } }],
    [{ key: ['{a}', '{b}'] }, { kv: { key: { text: '{a},{b}' } } }],
    [{ field: ['date'] }, { kv: { key: { text: '{store}' }, field: { text: '{date}' } } }],
    [{ onInvalid: 'reject' }, { onInvalid: { action: 'reject', maxRows: null, maxShare: null } }],
    [{ onInvalid: 'reject:100' }, { onInvalid: { action: 'reject', maxRows: 100, maxShare: null } }],
    [{ onInvalid: 'reject:1%' }, { onInvalid: { action: 'reject', maxRows: null, maxShare: 0.01 } }],
    [{ onInvalid: 'fail' }, { onInvalid: { action: 'fail', maxRows: null, maxShare: null } }],
  ])('%j', (flags, changed) => {
    expect(overrideJob(SALES, flags)).toMatchObject(changed);
  });

  it('makes the paths of flags absolute where it is told the folder', () => {
    const flags = { inputs: ['b.csv', '-', 's3://b/c'], model: 'n.onnx', output: 'x.parquet', kv: 'lmdb:kv' };
    expect(overrideJob(SALES, flags, '/here')).toMatchObject({
      input: { paths: ['/here/b.csv', '-', 's3://b/c'] },
      model: { path: '/here/n.onnx' },
      output: { path: '/here/x.parquet', kind: 'file' },
      kv: { url: 'lmdb:/here/kv' },
    });
  });

  it('leaves the job that it was given as it was', () => {
    const before = structuredClone(SALES);
    overrideJob(SALES, { kv: 'none', key: ['a'], inputs: ['b'], output: 'x', processes: 1 });
    expect(SALES).toEqual(before);
  });

  it.each<[RunFlags, string]>([
    [{ kv: 'redix://user:pass@cache' }, '--kv is "redix://cache"; expected lmdb:PATH, redis://HOST:PORT'],
    [{ key: ['{store'] }, '--key is "{store", where a brace stands alone.'],
    [{ field: ['{}'] }, '--field is "{}", where a brace stands alone.'],
    [{ key: [] }, '--key is "" and names no column.'],
    [{ processes: 0 }, '--processes is 0; expected a whole number, at least 1.'],
    [{ shardRows: 1.5 }, '--shard-rows is 1.5; expected'],
    [{ batchSize: Number.NaN }, '--batch-size is NaN; expected auto, or a whole number, at least 1.'],
    [{ batchSize: 0 }, '--batch-size is 0; expected auto'],
    [{ device: 'gpu' as 'cuda' }, '--device is "gpu"; expected auto, cpu, cuda,'],
    [
      { output: 'preds.json' },
      '--output is "preds.json"; expected a folder, or a file name that ends in .parquet,',
    ],
    [{ onInvalid: 'skip' }, '--on-invalid is "skip"; expected fail, reject, reject:ROWS or reject:SHARE%.'],
    [{ onInvalid: 'fail:5' }, '--on-invalid is "fail:5"; expected'],
    [{ onInvalid: 'reject:many' }, '--on-invalid reject:MAX is "many"; expected a whole number of rows'],
  ])('%j is refused', (flags, message) => {
    expect(() => overrideJob(SALES, flags)).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(message) }),
    );
  });
});

describe('the input columns that are kept', () => {
  it.each<[what: string, flags: RunFlags, kept: readonly string[] | '*']>([
    ['a folder', {}, []],
    ['one file without a key', { output: 'a.csv' }, '*'],
    ['one file with a key', { output: 'a.csv', key: ['store'] }, []],
    [
      'one file with the key of a store that is off',
      { output: 'a.csv', key: ['store'], kv: 'none' },
      ['store'],
    ],
    ['one file that is to hold none', { output: 'a.csv', outputColumns: [] }, []],
    ['one file and some columns', { output: 'a.csv', outputColumns: ['b'] }, ['b']],
  ])('of %s', (_, flags, kept) => {
    const { output, kv } = adHocJob({ model: 'm.onnx', ...flags });
    expect(keptColumns(output, kv)).toEqual(kept);
  });
});

describe('adHocJob', () => {
  it('is what a job file with a model alone would be', () => {
    expect(adHocJob({ model: 'models/sales.onnx' }, '/here')).toEqual(
      normaliseJob({ model: 'models/sales.onnx' }, 'sales', '/here'),
    );
  });

  it.each([
    ['models/Sales 2026.v2.onnx', 'sales-2026-v2'],
    ['https://host/m/demand.onnx?token=x', 'demand'],
    ['_x_.onnx', 'x_'],
    ['模型.onnx', 'model'],
  ])('from %s is named %s', (model, name) => {
    expect(adHocJob({ model }).name).toBe(name);
  });

  it('has no store where neither store nor key is given', () => {
    expect(adHocJob({ model: 'm.onnx' }).kv).toBeNull();
    expect(adHocJob({ model: 'm.onnx', kv: 'none' }).kv).toBeNull();
  });

  it('has the default store where only a key is given', () => {
    expect(adHocJob({ model: 'm.onnx', key: ['store', 'product'], field: ['date'] }).kv).toMatchObject({
      url: null,
      key: { text: '{store}:{product}' },
      field: { text: '{date}' },
      keepGenerations: 2,
      layout: 'hash',
    });
  });

  it('keeps the key columns where the store is switched off', () => {
    expect(adHocJob({ model: 'm.onnx', key: ['store'], kv: 'none' })).toMatchObject({
      kv: null,
      output: { columns: ['store'] },
    });
  });

  it.each<[RunFlags, string]>([
    [{}, 'This folder has no jobs/, and you gave no model. Add --model models/sales.onnx'],
    [{ model: 'm', kv: 'redis://u:p@cache:6379' }, '--kv redis://cache:6379 is given, but no key'],
    [{ model: 'm', kv: 'lmdb:x', field: ['date'] }, 'Add for example --key store,product --field date.'],
    [{ model: 'm', field: ['date'] }, '--field is given, but no key'],
  ])('%j is refused', (flags, message) => {
    expect(() => adHocJob(flags)).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(message) }),
    );
  });
});
