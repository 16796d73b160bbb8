import { z } from 'zod';
import { GATE_KINDS, GATE_VERDICTS } from '../../core/gates.ts';
import type { Immutable } from '../../core/immutable.ts';
import { RUN_STATUSES } from '../list/run-status.ts';
import {
  badCellsSchema,
  devicePlanSchema,
  enginePlanSchema,
  incrementalSchema,
  runIdentitySchema,
  tensorSpecSchema,
} from '../plan/plan-schema.ts';
import { upgradeRecord } from '../upgrade.ts';
import { readinessSchema } from './readiness-schema.ts';
import { recordedErrorSchema } from './recorded-error.ts';
import { stageSecondsSchema } from './shard-record.ts';

const count = z.int().nonnegative();
const amount = z.number().nonnegative();

const newestRecord = z.object({
  formatVersion: z.literal(1),
  runId: z.string(),
  job: z.string(),
  /** As it was when the record was made: the history knows what became of the run since. */
  status: z.enum(RUN_STATUSES),
  identity: runIdentitySchema,
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  durationSeconds: amount,
  /** From `startedAt` to the first rows that were scored; null where none were. */
  firstRowSeconds: amount.nullable(),
  rowsIn: count,
  rowsOut: count,
  rejects: count,
  /** Of a grid: rows, those that have a prediction, their share (0 to 1), and the share that the job asked for. */
  coverage: z.object({ expected: count, present: count, ratio: amount, min: amount }).exactOptional(),
  /** What the gates of the job said before the run was committed; left out where it has none. */
  gates: z
    .array(
      z.object({
        name: z.string(),
        kind: z.enum(GATE_KINDS),
        verdict: z.enum(GATE_VERDICTS),
        detail: z.string(),
        failures: count,
        findings: z.array(
          z.object({
            segment: z.string().nullable(),
            column: z.string().nullable(),
            text: z.string(),
            examples: z.array(z.string()),
          }),
        ),
      }),
    )
    .exactOptional(),
  /** Why somebody published it in spite of what kept it back, and when. */
  forced: z.object({ reason: z.string(), at: z.iso.datetime() }).exactOptional(),
  /** Of an incremental job: what the run took. */
  incremental: incrementalSchema.exactOptional(),
  /** What the run waited for, as it was when it began. Not ready: it ran all the same, because it was late or asked for. */
  readiness: readinessSchema.exactOptional(),
  /** Rows of the shards that this command computed, by its duration: reused shards do not count. */
  throughputRowsPerSecond: amount,
  shards: z.object({
    total: count,
    reused: count,
    retried: count,
    /** Parts written by one statement that calls the model; the others were scored in batches. Records of earlier versions do not say. */
    inStatement: count.exactOptional(),
  }),
  /** Work behind the whole output, reused shards included. */
  stages: stageSecondsSchema,
  /** Rows of one model call, at most. Runs of earlier versions do not say. */
  batchSize: z.int().positive().exactOptional(),
  /** Where the model was computed, and by which provider of which ONNX Runtime. Left out: on the CPU. */
  device: devicePlanSchema.extend({ provider: z.string(), providerVersion: z.string() }).exactOptional(),
  /** What computed the model there. Left out: ONNX Runtime. */
  engine: enginePlanSchema.exactOptional(),
  batchLatencyMs: z.object({ p50: amount, p95: amount, p99: amount, max: amount }),
  /** Of the process that needed most. */
  peakMemoryBytes: amount,
  model: z.object({
    path: z.string(),
    sha256: z.string(),
    inputs: z.array(tensorSpecSchema),
    outputs: z.array(tensorSpecSchema),
    /** Which promises do not hold for it; left out where all do. */
    warnings: z.array(z.string()).exactOptional(),
  }),
  input: z.object({
    paths: z.array(z.string()),
    /** Of a grid: its dimensions, in order, and how many values each has. `paths` are their files then. */
    grid: z.array(z.object({ name: z.string(), values: count })).exactOptional(),
    rows: count,
    fingerprint: z.string(),
    /** Cells that are null to the features, since they do not have the type of their column; left out: none. */
    badCells: z.array(badCellsSchema).exactOptional(),
  }),
  output: z.object({
    path: z.string(),
    /** Of the parts, in order. Runs of earlier versions do not say. */
    columns: z.array(z.string()).exactOptional(),
    /** `file` is relative to the run's folder. */
    parts: z.array(z.object({ file: z.string(), rows: count, bytes: count, sha256: z.string() })),
    bytes: count,
  }),
  /** The url is without user name and password. */
  kv: z
    .object({
      url: z.string(),
      generation: z.string(),
      keys: count,
      values: count,
      bytes: count,
      example: z.record(z.string(), z.string()).exactOptional(),
      /** Of an incremental job: the run whose predictions it holds, too. `keys` and `values` count those. */
      extends: z.string().exactOptional(),
    })
    .nullable(),
  /** Which machines computed the shards, and how long shards waited for one: where others than this one did. */
  machines: z
    .array(z.object({ host: z.string(), shards: count, rows: count, waitSeconds: amount }))
    .exactOptional(),
  /** What was expected before the first shard, and by what share more (less: negative) it was. Left out: nothing. */
  estimate: z
    .object({
      basis: z.discriminatedUnion('kind', [
        z.object({ kind: z.literal('runs'), runs: count, newest: z.string() }),
        z.object({ kind: z.literal('sample'), rows: count }),
      ]),
      seconds: amount,
      partBytes: amount,
      store: z.object({ bytes: amount, held: amount }).nullable(),
      within: amount,
      off: z.object({ seconds: z.number(), partBytes: z.number(), storeBytes: z.number().nullable() }),
    })
    .exactOptional(),
  versions: z.object({
    serveBatch: z.string(),
    node: z.string(),
    onnxruntime: z.string(),
    duckdb: z.string(),
  }),
  host: z.object({ cpus: count, memoryBytes: amount }),
  /** Why it failed. */
  error: recordedErrorSchema.exactOptional(),
});

/** The shape of run.json and failure.json, of any version: see upgrade.ts. Fields of a newer one are left out. */
export const runRecordSchema = z.preprocess(upgradeRecord, newestRecord);

/** A run as it stands in `run.json` (the manifest), in `failure.json` and on standard output with `--json`. */
export type RunRecord = Immutable<z.infer<typeof newestRecord>>;
