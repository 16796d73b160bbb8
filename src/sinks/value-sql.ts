import { type Column, isNumberType } from '../core/table.ts';
import { quoteName, quoteText } from '../core/text/sql.ts';
import { parseTemplate } from '../core/text/template.ts';

/** SQL text of a key or field template over a part's columns. */
export function templateSql(template: string, columns: readonly Column[]): string {
  const { columns: names, literals } = parseTemplate(template, 'kv.key');
  const pieces = names.flatMap((name, index) => [
    quoteText(literals[index] ?? ''),
    keyTextSql(columnOf(name, columns)),
  ]);
  return [...pieces, quoteText(literals[names.length] ?? '')].filter((piece) => piece !== "''").join(' || ');
}

/**
 * A key column as text, as a reader would write it: `2026-11-21`, `2026-11-21T05:00:00`, `17` (also
 * where pandas made a float of it). Null stays null.
 */
export function keyTextSql({ name, type }: Column): string {
  const column = quoteName(name);
  const text = `CAST(${column} AS VARCHAR)`;
  if (type === 'TIMESTAMP WITH TIME ZONE') return `replace(replace(${text}, ' ', 'T'), '+00', 'Z')`;
  if (type.startsWith('TIMESTAMP')) return `replace(${text}, ' ', 'T')`;
  if (isFloat(type)) return `regexp_replace(${text}, '\\.0$', '')`;
  return text;
}

/**
 * A value that is one column: the plain text of a number or a text, or JSON. A null (of a column kept from
 * the input) is `NaN`, the empty text or JSON's null.
 */
export function singleValueSql({ name, type }: Column): string {
  switch (kindOfType(type)) {
    case 'json':
      return jsonValueSql({ name, type });
    case 'text':
      return `coalesce(CAST(${quoteName(name)} AS VARCHAR), '')`;
    case 'number':
      return `coalesce(CAST(${quoteName(name)} AS VARCHAR), 'NaN')`;
  }
}

/** A column as JSON, where it is a list or one of several that make a value. Never null; NaN and infinities are `null`. */
export function jsonValueSql({ name, type }: Column): string {
  return jsonSql(quoteName(name), type);
}

/** What a single value is, for those who read it. */
export function valueKind(values: readonly string[], columns: readonly Column[]): 'number' | 'text' | 'json' {
  const [only] = values;
  if (only === undefined || values.length > 1) return 'json';
  return kindOfType(columnOf(only, columns).type);
}

function kindOfType(type: string): 'number' | 'text' | 'json' {
  if (isList(type) || type === 'BOOLEAN') return 'json';
  return isNumberType(type) ? 'number' : 'text';
}

/** Never null: one member that is would make the whole text null. */
function jsonSql(value: string, type: string): string {
  if (isList(type)) {
    const element = type.slice(0, -2);
    return `coalesce('[' || array_to_string(list_transform(${value}, lambda e: ${jsonSql('e', element)}), ',') || ']', 'null')`;
  }
  if (isFloat(type)) return `CASE WHEN isfinite(${value}) THEN CAST(${value} AS VARCHAR) ELSE 'null' END`;
  const text = `CAST(${value} AS VARCHAR)`;
  return `coalesce(${kindOfType(type) === 'text' ? `CAST(to_json(${text}) AS VARCHAR)` : text}, 'null')`;
}

function isFloat(type: string): boolean {
  return type === 'FLOAT' || type === 'DOUBLE';
}

function isList(type: string): boolean {
  return type.endsWith('[]');
}

export function columnOf(name: string, columns: readonly Column[]): Column {
  return columns.find((column) => column.name === name) ?? { name, type: 'VARCHAR' };
}
