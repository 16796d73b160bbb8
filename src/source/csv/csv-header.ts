import { ServeBatchError } from '../../core/errors.ts';
import type { TextRecord } from './split-records.ts';

type FieldKind = 'empty' | 'number' | 'date' | 'boolean' | 'text';

/**
 * Whether the first record names the columns: some column of numbers, dates or booleans begins with
 * something else; or none has such values. Of a file of one line: nothing in it is a value.
 */
export function hasHeader(records: readonly TextRecord[]): boolean {
  const [first, ...rest] = records;
  if (first === undefined) return true;
  const kinds = first.fields.map(kindOf);
  if (rest.length === 0) return kinds.every((kind) => kind === 'text' || kind === 'empty');
  const columns = kinds.map((kind, index) => ({ kind, most: mostOf(rest, index) }));
  const typed = columns.filter(({ most }) => most !== 'text' && most !== 'empty');
  return typed.length === 0 || typed.some(({ kind, most }) => kind !== most && kind !== 'empty');
}

function mostOf(records: readonly TextRecord[], index: number): FieldKind {
  const counts = new Map<FieldKind, number>();
  for (const { fields } of records) {
    const kind = kindOf(fields[index] ?? '');
    if (kind !== 'empty') counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const [most] = [...counts].sort((a, b) => b[1] - a[1]);
  return most?.[0] ?? 'empty';
}

function kindOf(field: string): FieldKind {
  const text = field.trim();
  if (text === '') return 'empty';
  if (/^[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d+)?$|^[+-]?(inf|infinity|nan)$/i.test(text)) return 'number';
  if (/^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T]|$)|^\d{1,2}:\d{2}(:\d{2}|$)/.test(text)) return 'date';
  return /^(true|false|yes|no|t|f)$/i.test(text) ? 'boolean' : 'text';
}

/** The names in a header. Throws where they cannot be told apart, or a quote stands where none may. */
export function headerNames(path: string, header: TextRecord): readonly string[] {
  if (header.isBroken)
    throw new ServeBatchError(
      'INPUT_MALFORMED_ROW',
      `${path}:${header.line} the header has a quote that stands inside a name or is never closed: ${JSON.stringify(header.fields.join(' | '))}. Mend the line, or set input.csv.quote.`,
      { fields: { file: path, line: header.line } },
    );
  const names = header.fields.map((field, index) => field.trim() || `column${index}`);
  const places = new Map<string, number>();
  for (const [index, name] of names.entries()) {
    const before = places.get(name.toLowerCase());
    if (before !== undefined) throw twice(path, header.line, names, before, index);
    places.set(name.toLowerCase(), index);
  }
  return names;
}

function twice(
  path: string,
  line: number,
  names: readonly string[],
  before: number,
  index: number,
): ServeBatchError {
  const [first = '', second = ''] = [names[before], names[index]];
  const what =
    first === second
      ? `names two columns "${first}"`
      : `names two columns "${first}" and "${second}", which differ in case only`;
  return new ServeBatchError(
    'SCHEMA_MISMATCH',
    `${path}:${line} ${what} (fields ${before + 1} and ${index + 1}). Names of columns must differ, whatever their case. Rename one; or set input.csv.header: false and skip: ${line}, and the columns are column0, column1 and so on.`,
    { fields: { file: path, line, column: second } },
  );
}
