import { ServeBatchError } from '../core/errors.ts';
import type { FeaturesPlan } from '../core/plan.ts';
import type { ResolvedInput } from '../core/table.ts';
import { castSql } from '../features/cast-rules.ts';
import { FeatureBatch } from '../features/feature-batch.ts';
import type { Session } from '../inference/session.ts';
import { isValid, streamChunks } from '../source/chunk-stream.ts';
import type { Database } from '../source/database.ts';
import { rowsSql } from '../source/shard-relation.ts';
import { createInputView } from '../source/shard-rows.ts';

/** Rows looked at to find one that the model can be tried on. */
const TRIAL_ROWS = 1000;

/**
 * Values a row of outputs whose shape the model leaves open, found by one call on the first usable row.
 * An output that cannot be observed is left out of the answer.
 */
export async function observeWidths(request: {
  readonly database: Database;
  readonly session: Session;
  readonly input: ResolvedInput;
  readonly features: FeaturesPlan;
  readonly outputs: readonly string[];
}): Promise<ReadonlyMap<string, number>> {
  const { session, features, outputs } = request;
  const widths = new Map<string, number>();
  if (outputs.length === 0) return widths;
  const batch = await firstUsableRow(request);
  if (batch === null) return widths;
  const fixedRows = features.bindings[0]?.fixedRows ?? 1;
  try {
    const results = await session.run(batch.tensors(0, 1, fixedRows), outputs);
    for (const [name, { data }] of results)
      if (data.length % fixedRows === 0) widths.set(name, data.length / fixedRows);
  } catch (error) {
    throw new ServeBatchError(
      'MODEL_FAILED',
      `The model ${session.path} fails on the first row: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
  return widths;
}

async function firstUsableRow(request: Parameters<typeof observeWidths>[0]): Promise<FeatureBatch | null> {
  const { database, input, features } = request;
  const range = { rowStart: 0, rowEnd: Math.min(TRIAL_ROWS, input.rows) };
  if (features.select !== null) await createInputView(database, input, range);
  const from =
    features.select === null ? `(${await rowsSql(database, input, range)})` : `(${features.select.sql})`;
  const types = new Map(
    (await database.describe(`SELECT * FROM ${from}`)).map(({ name, type }) => [name, type]),
  );
  const casts = features.bindings.flatMap(({ columns, elementType }) =>
    columns.map((column) => castSql(column, types.get(column) ?? 'VARCHAR', elementType)),
  );
  for await (const chunk of streamChunks(database, `SELECT ${casts.join(', ')} FROM ${from}`)) {
    for (let row = 0; row < chunk.rows; row++) {
      if (!chunk.columns.every((column) => isValid(column, row))) continue;
      const batch = new FeatureBatch(features.bindings, 1);
      batch.append(chunk, row, row + 1, 0);
      return batch;
    }
  }
  return null;
}
