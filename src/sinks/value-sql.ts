import { quoteName, quoteText } from '../core/sql.ts';
import type { Column } from '../core/table.ts';
import { parseTemplate } from '../core/template.ts';

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
 * where pandas made a float of it).
 */
function keyTextSql({ name, type }: Column): string {
  const column = quoteName(name);
  const text = `CAST(${column} AS VARCHAR)`;
  if (type === 'TIMESTAMP WITH TIME ZONE') return `replace(replace(${text}, ' ', 'T'), '+00', 'Z')`;
  if (type.startsWith('TIMESTAMP')) return `replace(${text}, ' ', 'T')`;
  if (type === 'DOUBLE' || type === 'FLOAT') return `regexp_replace(${text}, '\\.0$', '')`;
  return text;
}

/**
 * The value that readers get: the plain text of one column (numbers in their shortest form), or a JSON
 * object of several. NaN and infinities are `NaN`, `Infinity`, `-Infinity`, and null in JSON. A null (of a
 * column kept from the input) is `NaN`, the empty text or JSON's null.
 */
export function valueSql(values: readonly string[], columns: readonly Column[]): string {
  const [only] = values;
  if (only !== undefined && values.length === 1) {
    const { type } = columnOf(only, columns);
    switch (kindOfType(type)) {
      case 'json':
        return jsonSql(quoteName(only), type);
      case 'text':
        return `coalesce(CAST(${quoteName(only)} AS VARCHAR), '')`;
      case 'number':
        return numberTextSql(quoteName(only), type);
    }
  }
  const members = values.map(
    (name) =>
      `${quoteText(`${JSON.stringify(name)}:`)} || ${jsonSql(quoteName(name), columnOf(name, columns).type)}`,
  );
  return `'{' || ${members.join(" || ',' || ")} || '}'`;
}

/** What a single value is, for those who read it. */
export function valueKind(values: readonly string[], columns: readonly Column[]): 'number' | 'text' | 'json' {
  const [only] = values;
  if (only === undefined || values.length > 1) return 'json';
  return kindOfType(columnOf(only, columns).type);
}

function kindOfType(type: string): 'number' | 'text' | 'json' {
  if (isList(type) || type === 'BOOLEAN') return 'json';
  return isFloat(type) || /^(?:U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?|DECIMAL\(.*\))$/.test(type)
    ? 'number'
    : 'text';
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

function numberTextSql(value: string, type: string): string {
  if (!isFloat(type)) return `coalesce(CAST(${value} AS VARCHAR), 'NaN')`;
  return `CASE WHEN isfinite(${value}) THEN CAST(${value} AS VARCHAR) WHEN ${value} = 'inf' THEN 'Infinity' WHEN ${value} = '-inf' THEN '-Infinity' ELSE 'NaN' END`;
}

function isFloat(type: string): boolean {
  return type === 'FLOAT' || type === 'DOUBLE';
}

function isList(type: string): boolean {
  return type.endsWith('[]');
}

function columnOf(name: string, columns: readonly Column[]): Column {
  return columns.find((column) => column.name === name) ?? { name, type: 'VARCHAR' };
}
