import { ServeBatchError } from '../../core/errors.ts';
import type { Reject } from '../../sinks/parquet/reject-file.ts';
import type { Cells } from './live-question.ts';
import type { RowColumns } from './posted-rows.ts';

/** The rows of a body: a list of objects, `{"rows": [...]}`, or an object a line. Throws `USAGE`. */
export function jsonRows(text: string, format: 'json' | 'ndjson'): readonly Cells[] {
  const rows = format === 'json' ? listOf(parse(text, 'The body')) : lines(text);
  for (const [index, row] of rows.entries())
    if (typeof row !== 'object' || row === null || Array.isArray(row))
      throw wrongBody(`Row ${index + 1} is no object; expected a map from column to value`);
  return rows as readonly Cells[];
}

function listOf(body: unknown): readonly unknown[] {
  const list = typeof body === 'object' && body !== null && 'rows' in body ? body.rows : body;
  if (Array.isArray(list)) return list;
  throw wrongBody('Expected a list of rows, or {"rows": [...]}');
}

function lines(text: string): readonly unknown[] {
  return text
    .split('\n')
    .flatMap((line, index) => (line.trim() === '' ? [] : [parse(line, `Line ${index + 1}`)]));
}

function parse(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw wrongBody(`${what} is not valid JSON`);
  }
}

function wrongBody(what: string): ServeBatchError {
  return new ServeBatchError('USAGE', `${what}.`);
}

export interface RowTexts {
  readonly texts: readonly (readonly (string | null)[])[];
  /** Rows with a value of another kind than their column's. */
  readonly wrong: readonly Reject[];
}

/** The cells of rows as texts. A row with a value of the wrong kind does not stand in the way of the others. */
export function textsOfRows(rows: readonly Cells[], columns: RowColumns): RowTexts {
  const none = columns.all.map(() => null);
  const wrong: Reject[] = [];
  const texts = rows.map((row, inputRow) => {
    try {
      return columns.texts(row);
    } catch (error) {
      if (!(error instanceof ServeBatchError) || error.code !== 'USAGE') throw error;
      const column = String(error.fields.column ?? '');
      wrong.push({ inputRow, column, value: null, reason: reasonOf(error.message, column) });
      return none;
    }
  });
  return { texts, wrong };
}

/** As the reasons of rejects have it: the column stands beside it. */
function reasonOf(message: string, column: string): string {
  return message.replace(`The column "${column}" `, '').replace(/\.$/, '');
}
