import { describe, expect, it } from 'vitest';
import type { JobFile } from '../../src/config/job-schema.ts';
import { normaliseJob } from '../../src/config/normalise-job.ts';
import { specSha256 } from '../../src/config/spec-hash.ts';

const BASE = {
  name: 'sales',
  input: { path: 'a.csv', csv: { skip: 1, types: { a: 'INTEGER', b: 'DATE' } } },
  model: { path: 'm.onnx' },
  kv: { url: 'redis://u:one@cache', key: '{a}' },
} as const satisfies JobFile;

function hash(changes: Partial<JobFile> = {}, versions: Record<string, string> = { duckdb: '1' }): string {
  return specSha256(normaliseJob({ ...BASE, ...changes }, 'job', '/project'), versions);
}

describe('specSha256', () => {
  it('is a SHA-256', () => {
    expect(hash()).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each<[string, Partial<JobFile>]>([
    ['the name', { name: 'other' }],
    ['the description', { description: 'x' }],
    ['the default mark', { default: true }],
    ['the paths of the input', { input: { ...BASE.input, path: 'b.csv' } }],
    [
      'the order of names in a map',
      { input: { path: 'a.csv', csv: { types: { b: 'DATE', a: 'INTEGER' }, skip: 1 } } },
    ],
    ['the path of the model', { model: { path: 'n.onnx' } }],
    ['where the output goes', { output: 'elsewhere' }],
    [
      'processes, retries, time and memory',
      { execution: { processes: 7, retries: 9, timeout: '1h', memoryLimit: '1GB' } },
    ],
    [
      'what a default says anyway',
      { execution: { batchSize: 'auto', threads: 1 }, output: { compression: 'zstd' } },
    ],
    ['a device that is found, or the CPU', { execution: { device: 'cpu' } }],
    ['the limit of rejects', { onInvalid: { action: 'fail' } }],
    ['the password of the store', { kv: { ...BASE.kv, url: 'redis://u:two@cache' } }],
    ['layout where it is the default', { kv: { ...BASE.kv, layout: 'hash' } }],
    ['the generations kept', { kv: { ...BASE.kv, keep: 9 } }],
  ])('stays the same with another %s', (_, changes) => {
    expect(hash(changes)).toBe(hash());
  });

  it('stays the same with another limit of rejects', () => {
    expect(hash({ onInvalid: { action: 'reject', max: 5 } })).toBe(hash({ onInvalid: 'reject' }));
  });

  it('stays the same however long files settle', () => {
    const settling = (settle: string) =>
      hash({ input: { path: 'in', incremental: { files: true, settle } }, kv: 'none' });
    expect(settling('1m')).toBe(settling('0s'));
  });

  it('changes with everything that decides bytes, each in its own way', () => {
    const variants: Partial<JobFile>[] = [
      {},
      { input: { ...BASE.input, format: 'csv' } },
      { input: { ...BASE.input, hivePartitioning: true } },
      { input: { path: 'a.csv', csv: { skip: 2 } } },
      { input: { ...BASE.input, json: { types: { a: 'INTEGER' } } } },
      { input: { ...BASE.input, incremental: { column: 'a' } }, kv: 'none' },
      { input: { ...BASE.input, incremental: { column: 'b' } }, kv: 'none' },
      { input: { ...BASE.input, incremental: { column: 'b', lateness: '1d' } }, kv: 'none' },
      { input: { ...BASE.input, incremental: { column: 'b', lateness: '1d', key: 'a' } }, kv: 'none' },
      { input: { ...BASE.input, incremental: 'files' }, kv: 'none' },
      { features: { columns: ['a', 'b'] } },
      { features: { columns: ['b', 'a'] } },
      { features: { select: 'FROM input' } },
      { features: { select: 'FROM input', tables: { t: 't.csv' } } },
      { model: { path: 'm.onnx', outputs: ['y'] } },
      { output: { columns: ['a'] } },
      { output: { rename: { y: 'z' } } },
      { output: { vectors: 'columns' } },
      { output: { compression: 'gzip' } },
      { kv: 'none' },
      { kv: { key: '{a}' } },
      { kv: { ...BASE.kv, url: 'redis://u:one@other' } },
      { kv: { ...BASE.kv, key: '{b}' } },
      { kv: { ...BASE.kv, field: '{b}' } },
      { kv: { ...BASE.kv, values: ['y'] } },
      { kv: { ...BASE.kv, ttl: '1d' } },
      { kv: { ...BASE.kv, field: '{b}', layout: 'packed' } },
      { execution: { shardRows: 5 } },
      { execution: { batchSize: 5 } },
      { execution: { batchSize: 1024 } },
      { execution: { threads: 5 } },
      { execution: { device: 'webgpu' } },
      { execution: { device: 'cuda' } },
      { execution: { device: 'cuda', deviceOptions: { deviceId: 1 } } },
      { onInvalid: 'reject' },
    ];
    const hashes = [...variants.map((changes) => hash(changes)), hash({}, { duckdb: '2' }), hash({}, {})];
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});
