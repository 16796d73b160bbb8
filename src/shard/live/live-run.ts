import { ServeBatchError } from '../../core/errors.ts';
import type { Plan, SelectPlan } from '../../core/plan.ts';
import type { Column } from '../../core/table.ts';
import { quoteName, quoteText } from '../../core/text/sql.ts';
import type { Session } from '../../inference/session.ts';
import type { RunPaths } from '../../runs/layout.ts';
import { LatencyHistogram } from '../../runs/record/latency-histogram.ts';
import { readValues } from '../../sinks/kv/read-values.ts';
import type { Reject } from '../../sinks/parquet/reject-file.ts';
import type { Database } from '../../source/duckdb/database.ts';
import { createFeatureTables } from '../../source/tables/feature-tables.ts';
import { scorePart } from '../part/score-part.ts';
import { assertSourcesUnchanged } from '../sources-unchanged.ts';
import { StageTimer } from '../stage-timer.ts';
import { type KeyRows, openKeyRows } from './live-tables.ts';

/** Rows that are to be scored: numbered from 0 without gaps, in `input_row`. */
export interface LiveRows {
  /** A table of the database, or a SELECT in brackets. */
  readonly table: string;
  /** Of the input, or of the model's features. */
  readonly columns: readonly Column[];
  readonly rowStart: number;
  /** Exclusive. */
  readonly rowEnd: number;
}

/** The values of rows, and those that cannot be scored, by the row's number. */
export interface LiveScores {
  readonly texts: ReadonlyMap<number, string>;
  readonly rejects: readonly Reject[];
}

export interface LiveRunOptions {
  readonly database: Database;
  readonly plan: Plan;
  readonly paths: RunPaths;
  readonly session: Session;
}

/**
 * A committed run whose rows can be scored one by one: with its SELECT, its casts, its engine and its way of calling
 * the model, which are those of a shard. Its tables stand in memory, as far as DuckDB's limit allows, and in its
 * temporary folder beyond it.
 */
export class LiveRun {
  readonly database: Database;
  readonly plan: Plan;
  readonly #paths: RunPaths;
  readonly #session: Session;
  #keys: Promise<KeyRows> | null = null;
  #valueColumns: readonly Column[] | null = null;

  private constructor({ database, plan, paths, session }: LiveRunOptions) {
    this.database = database;
    this.plan = plan;
    this.#paths = paths;
    this.#session = session;
  }

  /** Throws `INPUT_CHANGED`, and `LIVE_UNAVAILABLE` for a run that cannot be asked. */
  static async open(options: LiveRunOptions): Promise<LiveRun> {
    const { database, plan } = options;
    assertUsable(plan);
    await assertSourcesUnchanged(plan, { rowStart: 0, rowEnd: plan.input.rows });
    await createFeatureTables(database, plan.features.select?.tables ?? [], { copies: true });
    return new LiveRun(options);
  }

  /** Where the rows of keys are; made when it is first asked for. */
  keys(): Promise<KeyRows> {
    this.#keys ??= openKeyRows(this.database, this.plan, this.#paths);
    return this.#keys;
  }

  /** Whether its values follow from the features alone. */
  get takesFeatures(): boolean {
    const { output } = this.plan;
    const kept = new Set(output.keptColumns.map(({ name }) => name));
    return !kvOf(this.plan).values.some((name) => kept.has(name));
  }

  /** The columns that the model takes, in its order. */
  get features(): readonly Column[] {
    const { select, bindings } = this.plan.features;
    const known = select?.columns ?? this.plan.input.columns;
    const names = new Set(bindings.flatMap(({ columns }) => columns));
    return [...names].flatMap((wanted) => known.find(({ name }) => name === wanted) ?? []);
  }

  /** Names of the columns of the one matrix that the model takes, in its order; null: it takes something else. */
  get matrix(): readonly string[] | null {
    const [only, ...others] = this.plan.features.bindings;
    return only !== undefined && others.length === 0 && only.rowShape.length === 1 ? only.columns : null;
  }

  /** @param replaced expressions, over the row number, for columns that `features.select` returns */
  async score(rows: LiveRows, replaced: ReadonlyMap<string, string> = new Map()): Promise<LiveScores> {
    const texts: string[] = [];
    const { rejects } = await scorePart({
      plan: this.#planOf(rows, replaced),
      database: this.database,
      session: this.#session,
      shard: { index: 0, rowStart: rows.rowStart, rowEnd: rows.rowEnd },
      timer: new StageTimer(),
      latency: new LatencyHistogram(),
      stopAt: Number.POSITIVE_INFINITY,
      onRows: () => {},
      assertWanted: () => {},
      take: async (select, assertWhole) => {
        texts.splice(0, texts.length, ...(await this.#read(select)));
        assertWhole();
        return true;
      },
      takeRejects: async () => {},
    });
    return { texts: numbered(texts, rows, rejects), rejects };
  }

  async #read(select: string): Promise<readonly string[]> {
    this.#valueColumns ??= await this.database.describe(select);
    return readValues(this.database, kvOf(this.plan).values, this.#valueColumns, select);
  }

  #planOf({ table, columns, rowEnd }: LiveRows, replaced: ReadonlyMap<string, string>): Plan {
    const { plan } = this;
    const isFeatures = columns !== plan.input.columns;
    const select = isFeatures ? null : withReplaced(plan.features.select, replaced);
    const { values } = kvOf(plan);
    return {
      ...plan,
      // Whether a row has a key is nothing to the model, and none may end the others.
      kv: null,
      onInvalid: { action: 'reject', maxRows: null, maxShare: null },
      features: { ...plan.features, select },
      output: {
        ...plan.output,
        keptColumns: isFeatures ? [] : plan.output.keptColumns.filter(({ name }) => values.includes(name)),
      },
      input: {
        ...plan.input,
        ...{ table, columns, rows: rowEnd, grid: null, files: [], hiveColumns: [] },
        ...{ written: [], badCells: [], places: null },
      },
    };
  }
}

/** Those that were scored come in the order of their numbers. */
function numbered(
  texts: readonly string[],
  { rowStart, rowEnd }: LiveRows,
  rejects: readonly Reject[],
): ReadonlyMap<number, string> {
  const rejected = new Set(rejects.map(({ inputRow }) => inputRow));
  const rows = Array.from({ length: rowEnd - rowStart }, (_, index) => rowStart + index);
  const scored = rows.filter((row) => !rejected.has(row));
  if (scored.length !== texts.length)
    throw new TypeError(`${texts.length} values for ${scored.length} rows that were scored`);
  return new Map(scored.map((row, index) => [row, texts[index] ?? '']));
}

function withReplaced(select: SelectPlan | null, replaced: ReadonlyMap<string, string>): SelectPlan | null {
  if (select === null || replaced.size === 0) return select;
  const list = [...replaced].map(([name, sql]) => `${sql} AS ${quoteName(name)}`).join(', ');
  return { ...select, sql: `SELECT * REPLACE (${list}) FROM (${select.sql})` };
}

function kvOf({ kv }: Plan): NonNullable<Plan['kv']> {
  if (kv === null) throw new TypeError('The run has no store');
  return kv;
}

/** A value that is a column of text as it was written in the file is not known of other rows. */
function assertUsable(plan: Plan): void {
  const written = new Set(plan.input.written.filter(({ isKept }) => isKept).map(({ column }) => column));
  const value = kvOf(plan).values.find((name) => written.has(name));
  if (value === undefined) return;
  throw new ServeBatchError(
    'LIVE_UNAVAILABLE',
    `The value of run ${plan.runId} has the column ${quoteText(value)} as it is written in the input, which live answers cannot have. Leave it out of kv.value, or make it in features.select.`,
    { fields: { runId: plan.runId, column: value } },
  );
}
