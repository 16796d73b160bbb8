import { isDiskFull, isOutOfMemory, ServeBatchError, toServeBatchError } from '../core/errors.ts';
import type { OutputPlan, Plan, SelectPlan, ShardPlan } from '../core/plan.ts';
import type { ResolvedInput } from '../core/table.ts';
import { quoteName } from '../core/text/sql.ts';
import type { Database } from './duckdb/database.ts';
import { type RowsOptions, segmentsOf } from './file-rows.ts';
import { INPUT_ROW } from './input-row.ts';
import { inputName } from './locate-row.ts';
import { duckdbReason, readError } from './read-error.ts';
import { fetchScanned } from './remote/fetch-rows.ts';
import { spoolOf } from './remote/spool.ts';
import { rowsSql } from './shard-relation.ts';
import { createFeatureTables } from './tables/feature-tables.ts';

/** The rows of one shard, ready for the features: what to select from, and which input rows are not in it. */
export interface ShardRows {
  /** A relation for FROM, in the order of the input; may be scanned several times. */
  readonly from: string;
  /** SQL of a row's place in the shard, from 0, for a SELECT from `from`. */
  readonly positionSql: string;
  /** SQL of the input row number, for a SELECT from `from` with the column {@link POSITION} added. */
  readonly inputRowSql: string;
  readonly rows: number;
  /** Input rows, from 0, that `features.select` left out. */
  readonly leftOut: readonly number[];
  /** Whether nothing has put the rows into their order: their chunks may be of any size. */
  readonly asTheyCome?: boolean;
  /** Makes an error of reading `from` one of ours: the input's fault, or that of `features.select`. */
  explain(error: unknown): Promise<ServeBatchError>;
  /** Releases what was made for the shard. */
  close(): Promise<void>;
}

/** In a SELECT from rows that come in order. */
const PLACE = 'row_number() OVER () - 1';

/** What a relation of rows is numbered with where their place in the shard is asked for. */
export const POSITION = 'serve_batch_position';

const FEATURE_TABLE = 'serve_batch_features';

/** What of a plan decides the rows of a shard. */
export type RowsPlan = Pick<Plan, 'input' | 'features'> & {
  readonly output: Pick<OutputPlan, 'keptColumns'>;
};

/** Opens the rows of a shard. Throws `INPUT_UNREADABLE` or `FEATURES_SELECT`. */
export async function openShardRows(
  database: Database,
  plan: RowsPlan,
  shard: ShardPlan,
): Promise<ShardRows> {
  const { select } = plan.features;
  if (select !== null) return openSelectedRows(database, plan, shard, select);
  const sql = await rowsSql(database, plan.input, shard, { fetch: 'later' });
  const needed = neededColumns(plan).filter((name) => name !== INPUT_ROW);
  await fetchFor(database, plan, shard, `SELECT ${needed.map(quoteName).join(', ')} FROM (${sql})`);
  return {
    from: `(${sql})`,
    positionSql: PLACE,
    inputRowSql: `(${POSITION} + ${shard.rowStart})`,
    rows: shard.rowEnd - shard.rowStart,
    leftOut: [],
    explain: async (error) => readError(spoolOf(database).named(error), inputName(plan.input)),
    async close() {},
  };
}

/**
 * The rows of a shard whose SELECT has to be copied, without a copy: they may be read once, and whoever reads them
 * finds out whether there is one for each row of the input, in order, by {@link ShardRows.positionSql}.
 * @param inOrder the same SELECT in a form that is not sorted; null: as the plan has it
 */
export async function openUncheckedRows(
  database: Database,
  plan: RowsPlan,
  shard: ShardPlan,
  inOrder: SelectPlan | null,
): Promise<ShardRows> {
  const { select } = plan.features;
  if (select === null) throw new TypeError('The plan has no SELECT');
  await createTables(database, plan, shard, select);
  return {
    ...(inOrder === null ? {} : { asTheyCome: true }),
    from: `(${neededSelect(plan, inOrder ?? select)})`,
    positionSql: `${INPUT_ROW} - ${shard.rowStart}`,
    inputRowSql: INPUT_ROW,
    rows: shard.rowEnd - shard.rowStart,
    leftOut: [],
    explain: (error) => explainSelect(database, plan, error),
    async close() {},
  };
}

/** Makes the table `input` that `features.select` reads, with its column `input_row`: rows of a range. */
export async function createInputView(
  database: Database,
  input: ResolvedInput,
  range: { readonly rowStart: number; readonly rowEnd: number },
  options: Pick<RowsOptions, 'fetch'> & { readonly ordered?: boolean } = {},
): Promise<void> {
  const rows = await rowsSql(database, input, range, { numbered: true, ...options });
  await database.run(`CREATE OR REPLACE TEMP VIEW input AS ${rows}`);
}

async function openSelectedRows(
  database: Database,
  plan: RowsPlan,
  shard: ShardPlan,
  select: SelectPlan,
): Promise<ShardRows> {
  await createTables(database, plan, shard, select);
  const explain = (error: unknown): Promise<ServeBatchError> => explainSelect(database, plan, error);
  if (!select.copy)
    return {
      from: `(${neededSelect(plan, select)})`,
      // Without a window: one row comes of each row of the input.
      positionSql: `${INPUT_ROW} - ${shard.rowStart}`,
      inputRowSql: INPUT_ROW,
      rows: shard.rowEnd - shard.rowStart,
      leftOut: [],
      explain,
      async close() {},
    };
  try {
    await database.run(`CREATE OR REPLACE TEMP TABLE ${FEATURE_TABLE} AS ${neededSelect(plan, select)}`);
  } catch (error) {
    throw await explain(error);
  }
  const leftOut = await checkRows(database, shard);
  return {
    from: FEATURE_TABLE,
    positionSql: PLACE,
    inputRowSql: INPUT_ROW,
    rows: shard.rowEnd - shard.rowStart - leftOut.length,
    leftOut,
    explain,
    close: () => database.run(`DROP TABLE IF EXISTS ${FEATURE_TABLE}`),
  };
}

/** Where the SELECT is sorted in the end, its input need not be. */
async function createTables(
  database: Database,
  plan: RowsPlan,
  shard: ShardPlan,
  select: SelectPlan,
): Promise<void> {
  const { tables, sort } = select;
  await createFeatureTables(database, tables);
  await createInputView(database, plan.input, shard, { ordered: !sort, fetch: 'later' });
  await fetchFor(database, plan, shard, neededSelect(plan, select));
}

/** Of an input in a bucket: what of the shard's rows a SELECT reads. */
async function fetchFor(
  database: Database,
  { input }: RowsPlan,
  { rowStart, rowEnd }: ShardPlan,
  select: string,
): Promise<void> {
  await fetchScanned(database, input, segmentsOf(input.files, rowStart, rowEnd), select);
}

function neededSelect(plan: RowsPlan, { sql, sort }: SelectPlan): string {
  const order = sort ? ` ORDER BY ${INPUT_ROW}` : '';
  return `SELECT ${neededColumns(plan).map(quoteName).join(', ')} FROM (${sql})${order}`;
}

async function explainSelect(database: Database, plan: RowsPlan, error: unknown): Promise<ServeBatchError> {
  return (await unreadableInput(database, plan)) ?? selectError(spoolOf(database).named(error));
}

/** Where a SELECT fails since the input is corrupt, the SELECT is not to blame: reads the rows without it. */
async function unreadableInput(database: Database, plan: RowsPlan): Promise<ServeBatchError | undefined> {
  try {
    await database.run('SELECT count(COLUMNS(*)) FROM input');
    return undefined;
  } catch (error) {
    return readError(spoolOf(database).named(error), inputName(plan.input));
  }
}

export function selectError(error: unknown): ServeBatchError {
  if (error instanceof ServeBatchError || isDiskFull(error) || isOutOfMemory(error))
    return toServeBatchError(error);
  return new ServeBatchError(
    'FEATURES_SELECT',
    `features.select fails: ${duckdbReason(error)}. Expected a SELECT over the table input, in DuckDB's SQL; try it on a few rows first.`,
    { cause: error },
  );
}

function neededColumns(plan: RowsPlan): string[] {
  const bound = plan.features.bindings.flatMap(({ columns }) => columns);
  const kept = plan.output.keptColumns.map(({ name }) => name);
  return [...new Set([INPUT_ROW, ...bound, ...kept])];
}

/** One row a row of the input: a join that multiplies them is an error, rows it drops are returned. */
async function checkRows(database: Database, shard: ShardPlan): Promise<readonly number[]> {
  const expected = shard.rowEnd - shard.rowStart;
  const [counts] = await database.rows(
    `SELECT count(*) AS n, count(DISTINCT ${INPUT_ROW}) AS d FROM ${FEATURE_TABLE}`,
  );
  const [n, distinct] = [Number(counts?.n), Number(counts?.d)];
  if (n !== distinct) {
    const [twice] = await database.rows(
      `SELECT ${INPUT_ROW} AS r, count(*) AS n FROM ${FEATURE_TABLE} GROUP BY ALL HAVING count(*) > 1 OR r IS NULL ORDER BY r LIMIT 1`,
    );
    const where =
      twice?.r === null
        ? 'rows that belong to no input row'
        : `${twice?.n} rows for input row ${Number(twice?.r) + 1}`;
    throw new ServeBatchError(
      'FEATURES_SELECT',
      `features.select returns ${where}; expected one. A join multiplies rows where its table has a key twice: make the key unique, or aggregate the table first.`,
    );
  }
  if (n === expected) return [];
  const missing = await database.rows(
    `SELECT range AS r FROM range(${shard.rowStart}, ${shard.rowEnd}) WHERE range NOT IN (SELECT ${INPUT_ROW} FROM ${FEATURE_TABLE}) ORDER BY r`,
  );
  return missing.map((row) => Number(row.r));
}
