import { boundColumns } from '../../core/accuracy.ts';
import type { Estimate } from '../../core/estimate.ts';
import { PROVIDERS } from '../../core/machine/device.ts';
import type { Plan } from '../../core/plan.ts';
import type { Readiness } from '../../core/readiness.ts';
import { maskUrl } from '../../core/text/secrets.ts';
import { partName } from '../layout.ts';
import type { RunStatus } from '../list/run-status.ts';
import { LatencyHistogram } from './latency-histogram.ts';
import { machinesOf } from './machines-of-run.ts';
import { recorded } from './recorded-error.ts';
import type {
  BatchLatency,
  CoverageRecord,
  Host,
  KvRecord,
  PartRecord,
  RunRecord,
  Versions,
} from './run-record.ts';
import type { ShardRecord, StageSeconds } from './shard-record.ts';

/** What the plan and the shards' records do not say of a run. */
export interface RunOutcome {
  readonly status: RunStatus;
  readonly startedAt: Date;
  readonly finishedAt: Date;
  /** By a clock that is never set; the two instants above are for people. */
  readonly durationSeconds: number;
  readonly firstRowSeconds: number | null;
  /** Of a grid; null: the input is a table. */
  readonly coverageMin: number | null;
  /** Indices of the shards that an earlier command had committed. */
  readonly reusedShards: ReadonlySet<number>;
  /** Where the output is, as the user would look for it. */
  readonly outputPath: string;
  /** What the store holds; null where there is no store, or staging did not end. */
  readonly kv: Pick<KvRecord, 'keys' | 'values' | 'bytes' | 'example' | 'extends'> | null;
  /** Work outside the shards: staging the store after they are done. */
  readonly extraSeconds?: Partial<StageSeconds>;
  readonly versions: Versions;
  readonly host: Host;
  /** What the run waited for; null: nothing. */
  readonly readiness?: Readiness | null;
  /** What was expected of it; null: nothing. */
  readonly estimate?: Estimate | null;
  /** Anything that was thrown. */
  readonly error?: unknown;
}

/** Puts the record of a run together; `shards` are its committed shards, in any order. Pure. */
export function buildRunRecord(plan: Plan, shards: Iterable<ShardRecord>, outcome: RunOutcome): RunRecord {
  const records = [...shards].sort((a, b) => a.index - b.index);
  const { stagingRejects } = plan.input;
  const computed = records.filter(({ index }) => !outcome.reusedShards.has(index));
  const parts = records.map(partRecord);
  const machines = machinesOf(records);
  const rowsOut = sum(records, (record) => record.rowsOut);
  const bytes = sum(parts, (part) => part.bytes);
  return {
    formatVersion: 1,
    runId: plan.runId,
    job: plan.job,
    status: outcome.status,
    identity: plan.identity,
    startedAt: outcome.startedAt.toISOString(),
    finishedAt: outcome.finishedAt.toISOString(),
    durationSeconds: rounded(outcome.durationSeconds),
    firstRowSeconds: outcome.firstRowSeconds === null ? null : rounded(outcome.firstRowSeconds),
    rowsIn: sum(records, ({ rowsIn }) => rowsIn) + stagingRejects,
    rowsOut,
    rejects: sum(records, ({ rejects }) => rejects) + stagingRejects,
    ...(plan.incremental === null ? {} : { incremental: plan.incremental }),
    ...(outcome.coverageMin === null
      ? {}
      : { coverage: coverage(plan.input.rows, rowsOut, outcome.coverageMin) }),
    ...(outcome.readiness ? { readiness: outcome.readiness } : {}),
    throughputRowsPerSecond: rate(
      sum(computed, ({ rowsIn }) => rowsIn),
      outcome.durationSeconds,
    ),
    shards: {
      total: plan.shards.length,
      reused: records.length - computed.length,
      retried: records.filter(({ attempt }) => attempt > 1).length,
      ...inStatement(records),
    },
    stages: stageSeconds(records, outcome.extraSeconds ?? {}),
    batchSize: plan.batchSize,
    device: {
      ...plan.device,
      provider: PROVIDERS[plan.device.name],
      providerVersion: outcome.versions.onnxruntime,
    },
    engine: plan.engine,
    batchLatencyMs: batchLatency(records),
    peakMemoryBytes: records.reduce((peak, { peakMemoryBytes }) => Math.max(peak, peakMemoryBytes), 0),
    model: modelRecord(plan),
    input: {
      paths: plan.input.paths.map(maskUrl),
      ...(plan.input.grid === null
        ? {}
        : { grid: plan.input.grid.dimensions.map(({ name, size }) => ({ name, values: size })) }),
      rows: plan.input.rows + stagingRejects,
      fingerprint: plan.input.fingerprint,
      ...(plan.input.badCells.length === 0 ? {} : { badCells: plan.input.badCells }),
    },
    output: {
      path: outcome.outputPath,
      columns: outputColumns(plan),
      parts,
      bytes,
    },
    kv:
      plan.kv === null || outcome.kv === null
        ? null
        : { url: maskUrl(plan.kv.url), generation: plan.runId, ...outcome.kv },
    ...(machines.length === 0 ? {} : { machines }),
    ...(outcome.estimate
      ? {
          estimate: comparedWith(outcome.estimate, outcome.durationSeconds, bytes, outcome.kv?.bytes ?? null),
        }
      : {}),
    versions: outcome.versions,
    host: outcome.host,
    ...(outcome.error === undefined ? {} : { error: recorded(outcome.error) }),
  };
}

/** Nothing where a shard of an earlier version is among them. */
function inStatement(records: readonly ShardRecord[]): { readonly inStatement?: number } {
  if (records.some((record) => record.inStatement === undefined)) return {};
  return { inStatement: records.filter((record) => record.inStatement).length };
}

/** How far off an estimate was: 0.1 where there is a tenth more than expected. */
function comparedWith(
  { basis, within, ...expected }: Estimate,
  seconds: number,
  partBytes: number,
  storeBytes: number | null,
): NonNullable<RunRecord['estimate']> {
  const off = (actual: number, of: number): number => (of > 0 ? rounded(actual / of - 1) : 0);
  return {
    basis,
    within: rounded(within),
    seconds: rounded(expected.seconds),
    partBytes: Math.round(expected.partBytes),
    store:
      expected.store === null
        ? null
        : { bytes: Math.round(expected.store.bytes), held: Math.round(expected.store.held) },
    off: {
      seconds: off(seconds, expected.seconds),
      partBytes: off(partBytes, expected.partBytes),
      storeBytes:
        storeBytes === null || expected.store === null ? null : off(storeBytes, expected.store.bytes),
    },
  };
}

function coverage(expected: number, present: number, min: number): CoverageRecord {
  return { expected, present, ratio: present / expected, min };
}

function outputColumns({ output, intervals }: Plan): readonly string[] {
  return [
    ...output.keptColumns.map(({ name }) => name),
    ...output.predictions.flatMap(({ columns }) => columns),
    ...boundColumns(intervals),
  ];
}

function partRecord({ index, rowsOut, part }: ShardRecord): PartRecord {
  return { file: partName(index), rows: rowsOut, bytes: part.bytes, sha256: part.sha256 };
}

function modelRecord({ model }: Plan): RunRecord['model'] {
  const { path, sha256, signature, warnings } = model;
  const { inputs, outputs } = signature;
  return { path, sha256, inputs, outputs, ...(warnings.length === 0 ? {} : { warnings }) };
}

function stageSeconds(records: readonly ShardRecord[], extra: Partial<StageSeconds>): StageSeconds {
  const of = (stage: keyof StageSeconds): number =>
    rounded(sum(records, ({ seconds }) => seconds[stage]) + (extra[stage] ?? 0));
  return {
    read: of('read'),
    features: of('features'),
    infer: of('infer'),
    write: of('write'),
    stage: of('stage'),
  };
}

function batchLatency(records: readonly ShardRecord[]): BatchLatency {
  const all = new LatencyHistogram();
  for (const record of records) all.merge(LatencyHistogram.fromJSON(record.batchLatency));
  return {
    p50: rounded(all.percentile(50)),
    p95: rounded(all.percentile(95)),
    p99: rounded(all.percentile(99)),
    max: rounded(all.max),
  };
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

function rate(rows: number, seconds: number): number {
  return seconds > 0 ? Math.round(rows / seconds) : 0;
}

/** Three decimals: milliseconds of seconds, microseconds of milliseconds. */
function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
