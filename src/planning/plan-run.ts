import type { Calibration } from '../accuracy/calibrate.ts';
import { scoreColumns } from '../accuracy/score-columns.ts';
import type { BoundJob } from '../config/job-spec.ts';
import { keptColumns } from '../config/sections/output.ts';
import { boundColumns } from '../core/accuracy.ts';
import { ServeBatchError } from '../core/errors.ts';
import type { IncrementalPlan } from '../core/incremental.ts';
import type {
  DraftPlan,
  ExtendedRun,
  FeaturesPlan,
  KvPlan,
  Plan,
  RunIdentity,
  SelectPlan,
} from '../core/plan.ts';
import type { Column, InputFingerprint, InputFormat, NamedTable, ResolvedInput } from '../core/table.ts';
import { suggestion } from '../core/text/nearest.ts';
import { quoteText } from '../core/text/sql.ts';
import { bindInputs } from '../features/bind-inputs.ts';
import { bindOutputs, usedOutputs } from '../features/bind-outputs.ts';
import {
  assertOnlyJobTables,
  conditionSql,
  isOneType,
  parseCondition,
  typeSql,
} from '../features/job-sql.ts';
import {
  addInputColumns,
  assertDistinct,
  parseSelect,
  passesOn,
  shapeOfSelect,
} from '../features/plan-select.ts';
import { assertStable, findUnstable } from '../features/unstable-functions.ts';
import { assertGatesFit } from '../gates/fit-gates.ts';
import type { Session } from '../inference/session.ts';
import { showStoreUrl } from '../kv/store-kinds.ts';
import type { Database } from '../source/duckdb/database.ts';
import { FUNCTION_NAMES } from '../source/duckdb/function-names.ts';
import { syntaxTree } from '../source/duckdb/syntax-tree.ts';
import { resolveGrid } from '../source/grid/resolve-grid.ts';
import { INPUT_ROW } from '../source/input-row.ts';
import { inputName } from '../source/locate-row.ts';
import { resolveInput } from '../source/resolve-input.ts';
import { asWritten } from '../source/shard-relation.ts';
import { createInputView, selectError } from '../source/shard-rows.ts';
import { createFeatureTables } from '../source/tables/feature-tables.ts';
import { columnNeeds, specKeyColumns } from './column-needs.ts';
import { planIntervals } from './plan-intervals.ts';
import { planKeptColumns, withoutPredictions } from './plan-kept-columns.ts';
import { DEFAULT_SHARD_ROWS, planShards } from './plan-shards.ts';
import { planSlices } from './slices/plan-slices.ts';
import { spellColumns } from './spell-columns.ts';
import { tryModel } from './trial/try-model.ts';

/** All that a plan is made from. It crosses a process boundary as JSON. */
export interface PlanRequest {
  readonly runId: string;
  readonly createdAt: string;
  readonly spec: BoundJob;
  readonly format: InputFormat;
  readonly tables: readonly NamedTable[];
  readonly source: InputFingerprint;
  readonly identity: RunIdentity;
  readonly storeUrl: string | null;
  readonly stagedPath: string;
  readonly stagingRejectsPath: string;
  /** Whether parts can be read again and again: in a bucket, each time costs a download. */
  readonly partsAreNear: boolean;
  /** Of an input that grows: what of it the run takes. */
  readonly incremental: IncrementalPlan | null;
  /** The run whose generation in the store this one goes on from; null: it begins empty. */
  readonly extended: ExtendedRun | null;
  /** The rows of it that were taken already; null: the input is the files of `source`. */
  readonly taken: ResolvedInput | null;
  /** Of a job with intervals: what earlier runs say of its errors. Null or left out: it has none. */
  readonly calibration?: (Calibration & { readonly origin: string }) | null;
}

/**
 * Looks at the input and the model, and decides what the run will do. Everything that can be wrong with
 * the job is found here, before anything is computed. Where the job leaves the batch size open, and the
 * model does not fix it, it stays open: see settle-batch-size.ts.
 */
export async function planRun(
  database: Database,
  session: Session,
  request: PlanRequest,
): Promise<DraftPlan> {
  const resolved = request.taken ?? (await resolvePlannedInput(database, session, request));
  const usesTables =
    request.spec.features.select !== null || (request.spec.input.grid?.filter ?? null) !== null;
  const tables = usesTables ? request.tables : [];
  const tableCells = await createFeatureTables(database, tables);
  const input = { ...resolved, badCells: [...resolved.badCells, ...tableCells] };
  const written = spellColumns(request.spec, input.columns);
  const select = await planSelect(database, { ...request, spec: written }, input);
  const spec = spellColumns(written, [...(select?.columns ?? []), ...input.columns]);
  const bindings = bindInputs({
    signature: session.signature,
    columns: select?.columns ?? input.columns,
    featureColumns: spec.features.columns,
    fromText: input.format === 'csv' || input.format === 'json',
    tableName: select === null ? inputName(input) : `features.select of the job ${spec.name}`,
  });
  const wanted = planKeptColumns({
    keyColumns: specKeyColumns(spec),
    wanted: keptColumns(spec.output, spec.kv),
    inputColumns: asWritten(input.columns, input.written),
    selectColumns:
      select === null ? null : select.columns.filter(({ name }) => !select.passedOn.includes(name)),
  });
  // Nobody asked for all columns by name: one that is called as a prediction gives way to it.
  const givesWay = spec.output.columns === null && spec.kv === null;
  const outputs = usedOutputs(session.signature, spec.model.outputs);
  const toTry = { input, features: { select, bindings }, output: { keptColumns: wanted } };
  const trial = await tryModel({ database, session, plan: toTry, outputs });
  const fixedRows = trial === null ? (bindings[0]?.fixedRows ?? null) : trial.rowsPerCall;
  const features: FeaturesPlan = {
    select,
    ...(spec.features.externalAccess ? { externalAccess: true } : {}),
    bindings: bindings.map((each) => ({ ...each, fixedRows })),
  };
  const predictions = bindOutputs({
    signature: session.signature,
    outputs: spec.model.outputs,
    rename: spec.output.rename,
    vectors: spec.output.vectors,
    keptColumns: (givesWay ? [] : wanted).map(({ name }) => name),
    observedWidths: trial?.widths ?? new Map(),
  });
  const kept = givesWay ? withoutPredictions(wanted, predictions) : wanted;
  const bounds = planIntervals(request, { input, kept, predictions });
  const shards = planShards(input.rows, spec.execution.shardRows ?? DEFAULT_SHARD_ROWS);
  const made = [...predictions.flatMap(({ columns }) => columns), ...boundColumns(bounds)];
  const store = await withSlices(database, planKv(spec, request, kept, made), { request, input, shards });
  const output = { keptColumns: kept, predictions, compression: spec.output.compression };
  if (spec.actuals !== null) scoreColumns(spec.actuals, { input, output, kv: store });
  await assertGatesFit(database, {
    gates: spec.publish.gates,
    plan: { input, features, output, kv: store },
    tables: Object.keys(spec.features.tables),
    externalAccess: spec.features.externalAccess,
  });
  return {
    formatVersion: 1,
    runId: request.runId,
    job: spec.name,
    createdAt: request.createdAt,
    identity: request.identity,
    input,
    features,
    model: {
      path: spec.model.path,
      sha256: request.identity.modelSha256,
      signature: session.signature,
      warnings: trial?.warnings ?? [],
    },
    output,
    kv: store,
    ...(bounds === null ? {} : { intervals: bounds }),
    incremental: request.incremental,
    onInvalid: spec.onInvalid,
    batchSize: fixedRows ?? spec.execution.batchSize,
    threads: spec.execution.threads,
    device: { name: spec.execution.device, options: spec.execution.deviceOptions },
    engine: spec.execution.engine,
    shards,
  };
}

async function resolvePlannedInput(
  database: Database,
  session: Session,
  request: PlanRequest,
): Promise<ResolvedInput> {
  const { spec, format, source, tables, stagedPath, stagingRejectsPath } = request;
  const { grid } = spec.input;
  if (grid !== null) {
    await checkFilter(database, request);
    return resolveGrid(database, grid, source, tables);
  }
  await checkTypes(database, 'csv', spec.input.csv.types);
  await checkTypes(database, 'json', spec.input.json.types);
  return resolveInput(database, {
    paths: spec.input.paths,
    format,
    source,
    options: spec.input,
    stagedPath,
    setAside: spec.onInvalid.action === 'reject',
    stagingRejectsPath,
    needs: columnNeeds(spec, session.signature),
  });
}

/** Before the condition becomes part of a statement. */
async function checkFilter(database: Database, { spec, tables }: PlanRequest): Promise<void> {
  const { filter = null, dimensions = [] } = spec.input.grid ?? {};
  if (filter === null) return;
  const field = 'input.filter';
  const tree = parseCondition(await syntaxTree(database, conditionSql(filter)), field);
  const names = dimensions.map(({ name }) => name);
  assertStable(findUnstable(tree, FUNCTION_NAMES.unstable, names), { field, code: 'INPUT_GRID' });
  if (spec.features.externalAccess) return;
  assertOnlyJobTables(tree, { field, code: 'INPUT_GRID', tables: tables.map(({ name }) => name) });
}

/** A type stands in statements as it is written. */
async function checkTypes(
  database: Database,
  format: 'csv' | 'json',
  types: Readonly<Record<string, string>> = {},
): Promise<void> {
  for (const [column, type] of Object.entries(types)) {
    if (isOneType(await syntaxTree(database, typeSql(type)))) continue;
    throw new ServeBatchError(
      'JOB_FILE',
      `input.${format}.types.${column} is "${type}"; expected a type of DuckDB, such as VARCHAR or DECIMAL(9,2).`,
      { fields: { column, type } },
    );
  }
}

async function planSelect(
  database: Database,
  { spec, tables }: PlanRequest,
  input: ResolvedInput,
): Promise<SelectPlan | null> {
  if (spec.features.select === null) return null;
  assertNoInputRow(input);
  await createInputView(database, input, { rowStart: 0, rowEnd: 1 });
  const parsed = parseSelect(await syntaxTree(database, spec.features.select));
  if (!spec.features.externalAccess)
    assertOnlyJobTables(parsed, {
      field: 'features.select',
      code: 'FEATURES_SELECT',
      tables: ['input', ...tables.map(({ name }) => name)],
    });
  assertStable(
    findUnstable(
      parsed,
      FUNCTION_NAMES.unstable,
      input.columns.map(({ name }) => name),
    ),
    {
      field: 'features.select',
      code: 'FEATURES_SELECT',
    },
  );
  const { inputAlias, keepsOrder, isProjection } = shapeOfSelect(parsed, FUNCTION_NAMES);
  try {
    const own = await database.describe(spec.features.select);
    assertDistinct(own.map(({ name }) => name));
    const added = addedColumns(spec, own, input);
    if (added.length > 0 && inputAlias === null) throw hiddenInputError(added);
    const tree = addInputColumns(parsed, inputAlias ?? '', added);
    const [sql] = await database.rows(`SELECT json_deserialize_sql(${quoteText(tree)}::JSON) AS s`);
    const described = await database.describe(String(sql?.s));
    const columns = described.filter(({ name }) => name !== INPUT_ROW);
    const given = new Set(own.map(({ name }) => name));
    const passedOn = input.written
      .map(({ column }) => column)
      .filter((name) => !given.has(name) || (inputAlias !== null && passesOn(parsed, inputAlias, name)));
    return { sql: String(sql?.s), sort: !keepsOrder, copy: !isProjection, columns, passedOn, tables };
  } catch (error) {
    throw selectError(error);
  }
}

/** The table `input` has a column of this name: the row's number. */
function assertNoInputRow(input: ResolvedInput): void {
  const taken = input.columns.find(({ name }) => name.toLowerCase() === INPUT_ROW);
  if (taken === undefined) return;
  throw new ServeBatchError(
    'SCHEMA_MISMATCH',
    `${inputName(input)} has a column "${taken.name}", the name of the row's number in features.select. Rename it or leave it out of the table.`,
    { fields: { column: taken.name } },
  );
}

/** The row number, and the columns that the job keeps and the SELECT does not give itself. */
function addedColumns(spec: BoundJob, own: readonly Column[], input: ResolvedInput): string[] {
  const given = new Set(own.map(({ name }) => name.toLowerCase()));
  const inInput = new Set(input.columns.map(({ name }) => name));
  const kept = keptColumns(spec.output, spec.kv);
  const wanted = [...new Set([...specKeyColumns(spec), ...(kept === '*' ? inInput : kept)])].filter((name) =>
    inInput.has(name),
  );
  return [INPUT_ROW, ...wanted].filter((name) => !given.has(name.toLowerCase()));
}

function hiddenInputError(added: readonly string[]): ServeBatchError {
  return new ServeBatchError(
    'FEATURES_SELECT',
    `features.select reads input inside a subquery, so that ${added.join(', ')} cannot be added to it. Write it as SELECT ... FROM input JOIN ..., carry these columns through the subquery, or keep none of them with output.columns: [].`,
  );
}

/** How the store is loaded, as far as that follows from the order of the input's rows. */
async function withSlices(
  database: Database,
  kv: KvPlan | null,
  about: { readonly request: PlanRequest; readonly input: ResolvedInput; readonly shards: Plan['shards'] },
): Promise<KvPlan | null> {
  if (kv === null || !about.request.partsAreNear) return kv;
  const slices = await planSlices(database, { ...about, key: kv.key });
  return slices === null ? kv : { ...kv, slices };
}

function planKv(
  spec: BoundJob,
  { storeUrl, extended }: Pick<PlanRequest, 'storeUrl' | 'extended'>,
  kept: readonly Column[],
  made: readonly string[],
): KvPlan | null {
  if (spec.kv === null || storeUrl === null) return null;
  const values = spec.kv.values ?? made;
  const known = [...made, ...kept.map(({ name }) => name)];
  const spelt = values.map((name) => known.find((each) => each.toLowerCase() === name.toLowerCase()) ?? name);
  for (const name of spelt) {
    if (known.includes(name)) continue;
    throw new ServeBatchError(
      'SCHEMA_MISMATCH',
      `kv.values names "${name}", but the output has no such column (${known.join(', ')}).${suggestion(name, known)}`,
    );
  }
  return {
    url: showStoreUrl(storeUrl),
    key: spec.kv.key.text,
    field: spec.kv.field?.text ?? null,
    values: spelt,
    ttlSeconds: spec.kv.ttlSeconds,
    keepGenerations: spec.kv.keepGenerations,
    layout: spec.kv.layout,
    duplicates: spec.kv.duplicates,
    ...(extended === null ? {} : { extends: extended }),
  };
}
