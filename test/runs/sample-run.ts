import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Clock } from '../../src/core/effects.ts';
import { ONNX_RUNTIME } from '../../src/core/engine.ts';
import type { ColumnWindow } from '../../src/core/incremental.ts';
import { CPU } from '../../src/core/machine/device.ts';
import type { Plan } from '../../src/core/plan.ts';
import { partName, type RunPaths } from '../../src/runs/layout.ts';
import { buildRunRecord, type RunOutcome } from '../../src/runs/record/build-run-record.ts';
import { LatencyHistogram } from '../../src/runs/record/latency-histogram.ts';
import type { RunRecord } from '../../src/runs/record/run-record.ts';
import type { ShardRecord } from '../../src/runs/record/shard-record.ts';

/** A folder of the test's own, deleted at its end. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'serve-batch-runs-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export function fixedClock(iso: string): Clock {
  return { now: () => new Date(iso), monotonicMs: () => 0 };
}

/** 10 rows in two shards; every field that can be null or empty is so in one place and not in another. */
export function samplePlan(changes: Partial<Plan> = {}): Plan {
  return {
    formatVersion: 1,
    runId: '20261121T000000Z-k3x9',
    job: 'sales',
    createdAt: '2026-11-21T00:00:00.250Z',
    identity: { inputFingerprint: 'f1', modelSha256: 'm1', specSha256: 's1', occurrence: null, window: null },
    input: {
      format: 'csv',
      paths: ['sales.csv'],
      sources: [{ path: 'sales.csv', bytes: 100, modifiedMs: 1_700_000_000_000.5 }],
      fingerprint: 'f1',
      columns: [{ name: 'price', type: 'DOUBLE' }],
      hiveColumns: [],
      files: [{ path: 'staged/input.parquet', rows: 10 }],
      grid: null,
      staged: true,
      excerpt: null,
      rows: 10,
      stagingRejects: 2,
      written: [],
      badCells: [],
      places: null,
    },
    features: {
      select: {
        sql: 'SELECT * FROM input',
        sort: true,
        copy: true,
        columns: [{ name: 'price', type: 'FLOAT' }],
        passedOn: [],
        tables: [{ name: 'stores', sources: [{ path: 'stores.csv', bytes: 12, modifiedMs: 1000 }] }],
      },
      bindings: [{ input: 'x', elementType: 'float32', columns: ['price'], rowShape: [1], fixedRows: null }],
    },
    model: {
      path: 'sales.onnx',
      sha256: 'm1',
      signature: {
        inputs: [{ name: 'x', elementType: 'float32', shape: ['batch', 1, null] }],
        outputs: [{ name: 'y', elementType: 'float32', shape: null }],
        skippedOutputs: [{ name: 'z', reason: 'not a tensor' }],
        featureNames: null,
      },
      warnings: [],
    },
    output: {
      keptColumns: [{ name: 'store', type: 'INTEGER' }],
      predictions: [{ output: 'y', elementType: 'float32', width: 1, shape: 'scalar', columns: ['y'] }],
      compression: 'zstd',
    },
    kv: {
      url: 'redis://cache:6379',
      key: '{store}',
      field: null,
      values: ['y'],
      ttlSeconds: null,
      keepGenerations: 2,
      layout: 'hash',
      duplicates: 'error',
    },
    incremental: null,
    onInvalid: { action: 'reject', maxRows: null, maxShare: 0.01 },
    batchSize: 4,
    threads: 1,
    device: CPU,
    engine: ONNX_RUNTIME,
    shards: [
      { index: 0, rowStart: 0, rowEnd: 6 },
      { index: 1, rowStart: 6, rowEnd: 10 },
    ],
    ...changes,
  };
}

export function sampleShard(index: 0 | 1, changes: Partial<ShardRecord> = {}): ShardRecord {
  const shard = { index, ...(index === 0 ? { rowStart: 0, rowEnd: 6 } : { rowStart: 6, rowEnd: 10 }) };
  const content = partContent(index);
  const latency = new LatencyHistogram();
  latency.record(index === 0 ? 2 : 8);
  return {
    ...shard,
    attempt: 1,
    rowsIn: shard.rowEnd - shard.rowStart,
    rowsOut: shard.rowEnd - shard.rowStart,
    rejects: 0,
    part: {
      file: partName(index),
      sha256: createHash('sha256').update(content).digest('hex'),
      bytes: content.length,
    },
    rejectsFile: null,
    seconds: { read: 0.1, features: 0.2, infer: 0.3, write: 0.4, stage: 0 },
    batchLatency: latency.toJSON(),
    peakMemoryBytes: 1000 + index,
    startedAt: '2026-11-21T00:00:01.000Z',
    finishedAt: '2026-11-21T00:00:02.000Z',
    ...changes,
  };
}

/** Not Parquet: nothing here looks inside a part. */
export function partContent(index: number): string {
  return `the rows of part ${index}`;
}

export async function writePart(paths: RunPaths, index: number, content = partContent(index)): Promise<void> {
  await mkdir(dirname(paths.part(index)), { recursive: true });
  await writeFile(paths.part(index), content);
}

export function sampleOutcome(changes: Partial<RunOutcome> = {}): RunOutcome {
  return {
    status: 'committed',
    startedAt: new Date('2026-11-21T00:00:00Z'),
    finishedAt: new Date('2026-11-21T00:00:04Z'),
    durationSeconds: 4,
    firstRowSeconds: 0.4,
    coverageMin: null,
    reusedShards: new Set(),
    outputPath: 'out/sales',
    kv: { keys: 3, values: 9, bytes: 90 },
    versions: { serveBatch: '0.1.0', node: '20.0.0', onnxruntime: '1.30.0', duckdb: '1.5.6' },
    host: { cpus: 2, memoryBytes: 8e9 },
    ...changes,
  };
}

/** Of the second run of a chain, before which rows came late. */
export function sampleWindow(lateRows: number): ColumnWindow {
  return {
    ...{ kind: 'column', sequence: 2, after: 'r', full: false, column: 'id', columnType: 'BIGINT' },
    ...{ from: '20', to: '30', rowsAtTo: 1, rowsUpTo: 33, lateRows },
  };
}

export function sampleRecord(plan: Plan, outcome: Partial<RunOutcome> = {}): RunRecord {
  return buildRunRecord(plan, [sampleShard(0), sampleShard(1)], sampleOutcome(outcome));
}
