import type { Plan, PredictionBinding } from '../../core/plan.ts';
import type { TensorData } from '../../core/tensor-data.ts';
import { FeatureBatch } from '../../features/feature-batch.ts';
import { rowWidth } from '../../features/row-width.ts';
import type { TensorValue } from '../../inference/model-session.ts';
import type { ColumnScorer, RunAtOnce, Session } from '../../inference/session.ts';
import { CHUNK_ROWS } from '../../sinks/parquet/prediction-column.ts';
import { callRows, isWholeGroups } from '../call-rows.ts';

/** A call failed. Which of its rows is to blame is found by smaller calls, in batches. */
export class CallFailed extends Error {}

/** What scores the chunks of a statement; null: the model takes its rows in batches. */
export function columnScorerOf(session: Session, plan: Plan): ColumnScorer | null {
  if (session.columns !== null) return session.columns;
  const { bindings } = plan.features;
  // What becomes float16 comes as one of several types of DuckDB: a function takes one.
  const isOpen = bindings.every(
    ({ fixedRows, elementType }) => fixedRows === null && elementType !== 'float16',
  );
  // Calls of other sizes than those of the plan have its bits if both consist of whole groups, and of one thread.
  if (!isOpen || plan.threads !== 1 || !isWholeGroups(plan.batchSize)) return null;
  const run = session.atOnce ?? null;
  return run === null ? null : scorerOf(run, plan);
}

function scorerOf(run: RunAtOnce, { features, output }: Plan): ColumnScorer {
  const { bindings } = features;
  const batch = new FeatureBatch(bindings, CHUNK_ROWS);
  const outputNames = output.predictions.map((each) => each.output);
  return {
    score(columns, rows) {
      const bound = bindings.flatMap(({ input, columns: names }) =>
        names.map((_, index) => ({ values: columns(input, index) })),
      );
      batch.clear();
      batch.append({ rows, columns: bound }, 0, rows, 0);
      const modelRows = callRows(0, rows, CHUNK_ROWS).end;
      try {
        const results = run(batch.tensors(0, rows, modelRows), outputNames);
        return new Map(
          output.predictions.map((each) => [
            each.output,
            valuesOf(each, results.get(each.output), modelRows),
          ]),
        );
      } catch (error) {
        throw new CallFailed('A call of the model failed', { cause: error });
      }
    },
  };
}

function valuesOf(
  { output, width }: PredictionBinding,
  value: TensorValue | undefined,
  modelRows: number,
): TensorData {
  if (value !== undefined && rowWidth(value.dims, modelRows) === width) return value.data;
  throw new TypeError(`The model output "${output}" has another shape than planned`);
}
