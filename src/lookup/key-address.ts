import { ServeBatchError } from '../core/errors.ts';
import { suggestion } from '../core/text/nearest.ts';
import { fillTemplate, parseTemplate, type Template } from '../core/text/template.ts';
import type { GenerationInfo } from '../kv/store.ts';
import { type Columns, columnText } from './column-text.ts';

/** The templates of a generation, read once. */
export interface KeyTemplates {
  readonly key: Template;
  readonly field: Template | null;
}

/** Where one prediction stands in the store. */
export interface KeyAddress {
  readonly key: string;
  readonly field: string | null;
}

export function parseKeyTemplates(info: GenerationInfo): KeyTemplates {
  return {
    key: parseTemplate(info.key, 'kv.key'),
    field: info.field === null ? null : parseTemplate(info.field, 'kv.field'),
  };
}

/** Key and field from the columns given. Throws `USAGE` for a column that is missing, or that neither has. */
export function predictionAddress(templates: KeyTemplates, columns: Columns): KeyAddress {
  const wanted = [...templates.key.columns, ...(templates.field?.columns ?? [])];
  const given = spelt(wanted, columns);
  const textOf = (column: string) => textOfColumn(wanted, given, column);
  return {
    key: fillTemplate(templates.key, textOf),
    field: templates.field === null ? null : fillTemplate(templates.field, textOf),
  };
}

/** The key alone, for all of its fields. Throws `USAGE` as {@link predictionAddress} does. */
export function seriesKey(templates: KeyTemplates, columns: Columns): string {
  const wanted = templates.key.columns;
  const given = spelt(wanted, columns);
  return fillTemplate(templates.key, (column) => textOfColumn(wanted, given, column));
}

/** The columns as the templates spell them: case does not matter. */
function spelt(wanted: readonly string[], columns: Columns): Columns {
  const names = Object.keys(columns);
  if (names.every((name) => wanted.includes(name))) return columns;
  return Object.fromEntries(names.map((name) => [ownName(wanted, name), columns[name] ?? '']));
}

function ownName(wanted: readonly string[], name: string): string {
  if (wanted.includes(name)) return name;
  const own = wanted.find((each) => each.toLowerCase() === name.toLowerCase());
  if (own !== undefined) return own;
  throw new ServeBatchError(
    'USAGE',
    `The column "${name}" is not a part of the key.${suggestion(name, wanted)} Give ${listOf(wanted)}.`,
    { fields: { column: name, columns: wanted } },
  );
}

function textOfColumn(wanted: readonly string[], columns: Columns, column: string): string {
  const value = Object.hasOwn(columns, column) ? columns[column] : undefined;
  if (value !== undefined) return columnText(column, value);
  throw new ServeBatchError(
    'USAGE',
    `The column "${column}" of the key is missing. Give ${listOf(wanted)}.`,
    {
      fields: { column, columns: wanted },
    },
  );
}

function listOf(columns: readonly string[]): string {
  const names = [...new Set(columns)].map((column) => `"${column}"`);
  const last = names.pop() ?? '';
  return names.length === 0 ? last : `${names.join(', ')} and ${last}`;
}
