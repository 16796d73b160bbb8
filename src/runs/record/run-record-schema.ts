import { z } from 'zod';
import {
  devicePlanSchema,
  enginePlanSchema,
  incrementalSchema,
  runIdentitySchema,
  tensorSpecSchema,
} from '../plan/plan-schema.ts';
import { RUN_STATUSES } from '../run-status.ts';
import { upgradeRecord } from '../upgrade.ts';
import { recordedErrorSchema } from './recorded-error.ts';
import type { RunRecord } from './run-record.ts';
import { stageSecondsSchema } from './shard-record.ts';

const count = z.int().nonnegative();
const amount = z.number().nonnegative();

const newestRecord = z.object({
  formatVersion: z.literal(1),
  runId: z.string(),
  job: z.string(),
  status: z.enum(RUN_STATUSES),
  identity: runIdentitySchema,
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  durationSeconds: amount,
  firstRowSeconds: amount.nullable(),
  rowsIn: count,
  rowsOut: count,
  rejects: count,
  coverage: z.object({ expected: count, present: count, ratio: amount, min: amount }).exactOptional(),
  incremental: incrementalSchema.exactOptional(),
  throughputRowsPerSecond: amount,
  shards: z.object({ total: count, reused: count, retried: count }),
  stages: stageSecondsSchema,
  batchSize: z.int().positive().exactOptional(),
  device: devicePlanSchema.extend({ provider: z.string(), providerVersion: z.string() }).exactOptional(),
  engine: enginePlanSchema.exactOptional(),
  batchLatencyMs: z.object({ p50: amount, p95: amount, p99: amount, max: amount }),
  peakMemoryBytes: amount,
  model: z.object({
    path: z.string(),
    sha256: z.string(),
    inputs: z.array(tensorSpecSchema),
    outputs: z.array(tensorSpecSchema),
    warnings: z.array(z.string()).exactOptional(),
  }),
  input: z.object({
    paths: z.array(z.string()),
    grid: z.array(z.object({ name: z.string(), values: count })).exactOptional(),
    rows: count,
    fingerprint: z.string(),
  }),
  output: z.object({
    path: z.string(),
    columns: z.array(z.string()).exactOptional(),
    parts: z.array(z.object({ file: z.string(), rows: count, bytes: count, sha256: z.string() })),
    bytes: count,
  }),
  kv: z
    .object({ url: z.string(), generation: z.string(), keys: count, values: count, bytes: count })
    .nullable(),
  versions: z.object({
    serveBatch: z.string(),
    node: z.string(),
    onnxruntime: z.string(),
    duckdb: z.string(),
  }),
  host: z.object({ cpus: count, memoryBytes: amount }),
  error: recordedErrorSchema.exactOptional(),
});

/** The shape of run.json and failure.json, of any version: see upgrade.ts. Fields of a newer one are left out. */
export const runRecordSchema: z.ZodType<RunRecord> = z.preprocess(upgradeRecord, newestRecord);
