import { z } from 'zod';
import type { IntervalsPlan } from '../../core/accuracy.ts';
import { ENGINES, type EnginePlan } from '../../core/engine.ts';
import type { IncrementalPlan } from '../../core/incremental.ts';
import { DEVICES, type DevicePlan, type GpuDevice } from '../../core/machine/device.ts';
import { type Dimension, ELEMENT_TYPES, type ModelSignature, type TensorSpec } from '../../core/model.ts';
import {
  COMPRESSIONS,
  type FeaturesPlan,
  type InvalidRowPolicy,
  KV_DUPLICATES,
  KV_LAYOUTS,
  type KvPlan,
  type OutputPlan,
  type Plan,
  type RunIdentity,
} from '../../core/plan.ts';
import {
  type Column,
  type GridPlan,
  INPUT_FORMATS,
  type NamedTable,
  type ResolvedInput,
} from '../../core/table.ts';

import { upgradePlan } from '../upgrade.ts';

/**
 * The shape of plan.json. Unknown fields are an error: a plan decides the bytes of the parts, so nothing
 * in it may be ignored. The annotations make the compiler hold each schema to its type.
 */
const count = z.int().nonnegative();
const texts = z.array(z.string());

const columns: z.ZodType<readonly Column[]> = z.array(z.strictObject({ name: z.string(), type: z.string() }));

export const runIdentitySchema: z.ZodType<RunIdentity> = z.strictObject({
  inputFingerprint: z.string(),
  modelSha256: z.string(),
  specSha256: z.string(),
  occurrence: z.string().nullable(),
  window: z.string().nullable(),
});

const chainLink = {
  sequence: z.int().positive(),
  after: z.string().nullable(),
  full: z.boolean(),
};

/** Also the shape in run.json. */
export const incrementalSchema: z.ZodType<IncrementalPlan> = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('column'),
    ...chainLink,
    column: z.string(),
    columnType: z.string(),
    from: z.string().nullable(),
    to: z.string(),
    rowsAtTo: count,
    rowsUpTo: count.exactOptional(),
    lateRows: count.exactOptional(),
    deletedRows: count.exactOptional(),
    lateTaken: count.exactOptional(),
    lateWindow: z
      .strictObject({
        from: z.strictObject({ value: z.string(), type: z.string() }).nullable(),
        rowsBelow: count,
      })
      .exactOptional(),
  }),
  z.strictObject({ kind: z.literal('files'), ...chainLink, files: count }),
]);

const sources = z.array(
  z.strictObject({
    path: z.string(),
    bytes: count,
    modifiedMs: z.number(),
    version: z.string().exactOptional(),
    alsoAt: texts.exactOptional(),
  }),
);

const tables: z.ZodType<readonly NamedTable[]> = z.array(
  z.strictObject({ name: z.string(), sources, paths: texts.exactOptional() }),
);

const grid: z.ZodType<GridPlan> = z.strictObject({
  dimensions: z.array(
    z.strictObject({
      name: z.string(),
      type: z.string(),
      size: count,
      source: z.discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('file'), paths: texts, column: z.string() }),
        z.strictObject({ kind: z.literal('list'), values: texts }),
        z.strictObject({ kind: z.literal('range'), from: z.string(), step: z.int() }),
      ]),
    }),
  ),
  filter: z.string().nullable(),
  tables,
  blocks: z.array(count).nullable(),
});

/** Also the shape of those in run.json. */
export const badCellsSchema = z.strictObject({
  column: z.string(),
  type: z.string(),
  count,
  file: z.string(),
  line: count.nullable(),
  value: z.string(),
});

const input: z.ZodType<ResolvedInput> = z.strictObject({
  format: z.enum(INPUT_FORMATS),
  paths: texts,
  sources,
  fingerprint: z.string(),
  columns,
  hiveColumns: columns,
  files: z.array(z.strictObject({ path: z.string(), rows: count, schema: count.exactOptional() })),
  grid: grid.nullable(),
  staged: z.boolean(),
  excerpt: z.string().nullable(),
  rows: count,
  stagingRejects: count,
  written: z.array(
    z.strictObject({
      column: z.string(),
      type: z.string(),
      text: z.union([z.string(), z.int()]),
      isKept: z.boolean(),
    }),
  ),
  badCells: z.array(badCellsSchema),
  places: z.string().nullable(),
});

const dimension: z.ZodType<Dimension> = z.union([z.number(), z.string(), z.null()]);

/** Also the shape of a model's inputs and outputs in run.json. */
export const tensorSpecSchema: z.ZodType<TensorSpec> = z.strictObject({
  name: z.string(),
  elementType: z.enum(ELEMENT_TYPES),
  shape: z.array(dimension).nullable(),
});

const signature: z.ZodType<ModelSignature> = z.strictObject({
  inputs: z.array(tensorSpecSchema),
  outputs: z.array(tensorSpecSchema),
  skippedOutputs: z.array(z.strictObject({ name: z.string(), reason: z.string() })),
  featureNames: texts.nullable(),
  classes: z
    .record(z.string(), z.strictObject({ kind: z.enum(['label', 'scores']), labels: texts }))
    .exactOptional(),
});

const features: z.ZodType<FeaturesPlan> = z.strictObject({
  select: z
    .strictObject({
      sql: z.string(),
      sort: z.boolean(),
      copy: z.boolean(),
      columns,
      passedOn: texts,
      tables,
    })
    .nullable(),
  externalAccess: z.literal(true).exactOptional(),
  bindings: z.array(
    z.strictObject({
      input: z.string(),
      elementType: z.enum(ELEMENT_TYPES),
      columns: texts,
      rowShape: z.array(count),
      fixedRows: z.int().positive().nullable(),
    }),
  ),
});

const output: z.ZodType<OutputPlan> = z.strictObject({
  keptColumns: columns,
  predictions: z.array(
    z.strictObject({
      output: z.string(),
      elementType: z.enum(ELEMENT_TYPES),
      width: z.int().positive(),
      shape: z.enum(['scalar', 'list', 'columns']),
      columns: texts,
      labels: texts.exactOptional(),
      isLabel: z.literal(true).exactOptional(),
    }),
  ),
  compression: z.enum(COMPRESSIONS),
});

const kv: z.ZodType<KvPlan> = z.strictObject({
  url: z.string(),
  key: z.string(),
  field: z.string().nullable(),
  values: texts,
  ttlSeconds: z.number().positive().nullable(),
  keepGenerations: count,
  layout: z.enum(KV_LAYOUTS),
  duplicates: z.enum(KV_DUPLICATES),
  extends: z.strictObject({ runId: z.string(), firstShard: count }).exactOptional(),
  slices: z.int().positive().exactOptional(),
});

const intervals: z.ZodType<IntervalsPlan> = z.strictObject({
  columns: z.array(z.strictObject({ level: z.number(), lower: z.string(), upper: z.string() })),
  prediction: z.string(),
  date: z.string().nullable(),
  origin: z.string(),
  by: texts,
  min: z.number().nullable(),
  groups: z.array(
    z.strictObject({
      horizon: z.int().nullable(),
      segment: texts.nullable(),
      residuals: count,
      bounds: z.array(z.tuple([z.number(), z.number()])),
    }),
  ),
  runs: texts,
  why: z.string().nullable(),
});

const onInvalid: z.ZodType<InvalidRowPolicy> = z.strictObject({
  action: z.enum(['fail', 'reject']),
  maxRows: count.nullable(),
  maxShare: z.number().nonnegative().nullable(),
});

const gpus = DEVICES.filter((name): name is GpuDevice => name !== 'cpu');

/** Also a part of run.json. */
export const devicePlanSchema = z.strictObject({
  name: z.enum(DEVICES),
  options: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), texts])),
  adapter: z.string().nullable(),
  cpuNodes: count.nullable(),
  passedOver: z.array(z.strictObject({ device: z.enum(gpus), why: z.string() })),
});
const device: z.ZodType<DevicePlan> = devicePlanSchema;

/** Also a part of run.json. */
export const enginePlanSchema: z.ZodType<EnginePlan> = z.strictObject({
  name: z.enum(ENGINES),
  version: z.string().nullable(),
  why: z.string().nullable(),
});

const newestPlan = z.strictObject({
  formatVersion: z.literal(1),
  runId: z.string(),
  job: z.string(),
  createdAt: z.iso.datetime(),
  identity: runIdentitySchema,
  versions: z
    .strictObject({ serveBatch: z.string(), onnxruntime: z.string(), duckdb: z.string() })
    .exactOptional(),
  workingFolder: z.string().exactOptional(),
  input,
  features,
  model: z.strictObject({
    path: z.string(),
    sha256: z.string(),
    signature,
    warnings: texts,
  }),
  output,
  kv: kv.nullable(),
  intervals: intervals.exactOptional(),
  incremental: incrementalSchema.nullable(),
  onInvalid,
  batchSize: z.int().positive(),
  threads: z.int().positive(),
  device: device,
  engine: enginePlanSchema,
  shards: z.array(z.strictObject({ index: count, rowStart: count, rowEnd: count })),
});

/** Of any version: see upgrade.ts. */
export const planSchema: z.ZodType<Plan> = z.preprocess(upgradePlan, newestPlan);
