import { BIGINT, BOOLEAN } from '@duckdb/node-api';
import type { Plan } from '../../core/plan.ts';
import { quoteName } from '../../core/text/sql.ts';
import type { ColumnScorer } from '../../inference/session.ts';
import {
  duckdbTypeOf,
  type PredictionColumn,
  predictionColumns,
  predictionList,
} from '../../sinks/parquet/prediction-column.ts';
import type { Database } from '../../source/duckdb/database.ts';
import { AnswerError, SqlFunction } from '../../source/duckdb/sql-function.ts';
import type { ShardRows } from '../../source/shard-rows.ts';
import { requiredColumns } from '../feature-columns.ts';
import { blamed } from '../rejects/blame-input.ts';
import { ChunkScorer, EnoughInvalid, mayReject, RowsDiffer } from './chunk-scorer.ts';
import { keptOfRows, partSelect } from './part-select.ts';
import type { PartRequest, WritePart } from './write-part.ts';

/** The column with what the model answers, and its field that tells the rows that could be scored. */
const ANSWER = 'serve_batch_answer';
const IS_SCORED = 'scored';

/**
 * One statement: DuckDB copies the kept columns into the part, and calls the model as a function of the others
 * (docs/adr/0023-one-statement.md). Rows are read once, and only features and predictions come to JavaScript.
 */
export function writePartAtOnce(scorer: ColumnScorer): WritePart {
  return async (request) => {
    const { plan, rows, timer } = request;
    const predictions = predictionColumns(plan.output.predictions);
    const chunks = new ChunkScorer(request, scorer, predictions);
    const start = performance.now();
    try {
      const part = await copy(request, chunks, predictions);
      return { invalid: chunks.invalid, part, inStatement: true };
    } catch (error) {
      if (error instanceof RowsDiffer) throw error;
      if (!(error instanceof AnswerError)) throw await blamed(rows, error);
      if (error.cause instanceof EnoughInvalid)
        return { invalid: chunks.invalid, part: null, inStatement: true };
      throw error.cause;
    } finally {
      // DuckDB reads while it writes: all that it does counts as writing.
      timer.add('write', performance.now() - start - chunks.ms);
    }
  };
}

async function copy<T>(
  request: PartRequest<T>,
  chunks: ChunkScorer,
  predictions: readonly PredictionColumn[],
): Promise<T> {
  const { plan, database, shard, rows, take } = request;
  const hasRejects = mayReject(request);
  const model = await modelFunction(database, plan, predictions, hasRejects);
  const select = await partSelect(database, plan, shard, rows, {
    from: `(${answersSelect(model, plan, rows)})`,
    beside: null,
    scored: hasRejects ? `kept_rows.${ANSWER}.${IS_SCORED}` : null,
    predictions: predictionList(plan.output.predictions, `kept_rows.${ANSWER}`),
  });
  return model.during(
    (chunk, fields) => chunks.answer(chunk, fields),
    () =>
      take(select, () => {
        if (chunks.rows !== rows.rows) throw new RowsDiffer(`${chunks.rows} rows of ${rows.rows}`);
      }),
  );
}

function modelFunction(
  database: Database,
  plan: Plan,
  predictions: readonly PredictionColumn[],
  hasRejects: boolean,
): Promise<SqlFunction> {
  const required = requiredColumns(plan);
  return SqlFunction.of(database, {
    parameters: [
      BIGINT,
      ...required.map(({ elementType }) => (elementType === null ? BOOLEAN : duckdbTypeOf(elementType))),
    ],
    fields: Object.fromEntries([
      ...predictions.map(({ type }, index) => [`p${index}`, type] as const),
      ...(hasRejects ? [[IS_SCORED, BOOLEAN] as const] : []),
    ]),
  });
}

function answersSelect({ name }: SqlFunction, plan: Plan, rows: ShardRows): string {
  const kept = keptOfRows(plan).map((column) => quoteName(column.name));
  const position = `TRY_CAST(${rows.positionSql} AS BIGINT)`;
  const arguments_ = [position, ...requiredColumns(plan).map(({ sql }) => sql)];
  const answer = `${name}(${arguments_.join(', ')}) AS ${ANSWER}`;
  return `SELECT ${[...kept, answer].join(', ')} FROM ${rows.from}`;
}
