import type { KvPlan } from '../../core/plan.ts';
import type { Column } from '../../core/table.ts';
import { ByteWriter } from '../../kv/byte-writer.ts';
import { streamVectors } from '../../source/duckdb/chunk-stream.ts';
import type { Database } from '../../source/duckdb/database.ts';
import { planValueTexts } from './kv-texts.ts';
import { textColumn } from './text-column.ts';
import { TextWriter } from './text-writer.ts';

/**
 * The values of rows as a store would hold them, in order.
 * @param from a SELECT that has the columns of the values, as a part has them
 */
export async function readValues(
  database: Database,
  values: KvPlan['values'],
  columns: readonly Column[],
  from: string,
): Promise<readonly string[]> {
  const texts = planValueTexts(values, columns);
  const loaded = texts.columns.map(({ kind, nonFinite }) => textColumn(kind, nonFinite));
  const writer = new TextWriter(texts.value, loaded);
  const bytes = new ByteWriter(1024);
  const list = texts.columns.map(({ sql }, index) => `${sql} AS c${index}`).join(', ');
  const found: string[] = [];
  for await (const { rows, vectors } of streamVectors(database, `SELECT ${list} FROM (${from})`)) {
    loaded.forEach((column, index) => {
      const vector = vectors[index];
      if (vector !== undefined) column.load(vector, rows);
    });
    for (let row = 0; row < rows; row++) {
      writer.write(bytes, row);
      found.push(bytes.view().toString('utf8'));
      bytes.clear();
    }
  }
  return found;
}
