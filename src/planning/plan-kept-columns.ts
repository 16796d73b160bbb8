import { ServeBatchError } from '../core/errors.ts';
import type { PredictionBinding } from '../core/plan.ts';
import type { Column } from '../core/table.ts';
import { suggestion } from '../core/text/nearest.ts';
import { columnList } from '../features/bind-inputs.ts';
import { parquetType } from '../source/formats/parquet-type.ts';

export interface KeptColumnsRequest {
  /** Columns of `kv.key`, then of `kv.field`. */
  readonly keyColumns: readonly string[];
  /** `output.columns`. */
  readonly wanted: readonly string[] | '*';
  readonly inputColumns: readonly Column[];
  /** Columns of `features.select`, which come before those of the input; null without one. */
  readonly selectColumns: readonly Column[] | null;
}

/** The input columns that stand in the parts: keys first. Throws `SCHEMA_MISMATCH` naming all that are missing. */
export function planKeptColumns(request: KeptColumnsRequest): readonly Column[] {
  const { keyColumns, wanted, inputColumns, selectColumns } = request;
  const known = new Map(
    [...inputColumns, ...(selectColumns ?? [])].map((column) => [column.name.toLowerCase(), column]),
  );
  const others = wanted === '*' ? inputColumns.map(({ name }) => name) : wanted;
  const names = [...new Set([...keyColumns, ...others])];
  const missing = names.filter((name) => !known.has(name.toLowerCase()));
  if (missing.length > 0) {
    const columns = [...known.values()].map(({ name }) => name);
    const lines = missing.map((name) => {
      const where = keyColumns.includes(name) ? 'kv.key or kv.field' : 'output.columns';
      return `  - column "${name}" is missing; ${where} needs it.${suggestion(name, columns)}`;
    });
    throw new ServeBatchError(
      'SCHEMA_MISMATCH',
      `The input lacks columns that the job keeps:\n${lines.join('\n')}\nIt has ${columnList([...known.values()])}.`,
      {
        fields: { missing },
      },
    );
  }
  const kept = new Set(names.flatMap((name) => known.get(name.toLowerCase()) ?? []));
  return [...kept].map(({ name, type }) => ({ name, type: parquetType(type) }));
}

/** Readers such as DuckDB and Spark compare the names of columns without case. */
export function withoutPredictions(
  kept: readonly Column[],
  predictions: readonly PredictionBinding[],
): readonly Column[] {
  const taken = new Set(predictions.flatMap(({ columns }) => columns.map((name) => name.toLowerCase())));
  return kept.filter(({ name }) => !taken.has(name.toLowerCase()));
}
