import type { KvPlan } from '../../core/plan.ts';
import type { Column } from '../../core/table.ts';
import { quoteName } from '../../core/text/sql.ts';
import { parseTemplate } from '../../core/text/template.ts';
import { columnOf, jsonValueSql, keyTextSql, singleValueSql } from '../value-sql.ts';
import type { NonFinite, TextKind } from './text-column.ts';

/** How keys, fields and values are made of the columns of a part. */
export interface KvTexts {
  /** What to select. */
  readonly columns: readonly SelectedColumn[];
  readonly key: TextTemplate;
  /** Null where the job has no `kv.field`. */
  readonly field: TextTemplate | null;
  readonly value: TextTemplate;
}

export interface SelectedColumn {
  readonly sql: string;
  readonly kind: TextKind;
  readonly nonFinite: NonFinite;
}

/** What a text is made of, in order. */
export type TextTemplate = readonly TextPiece[];
export type TextPiece =
  | { readonly literal: string }
  | {
      /** Index of a selected column. */
      readonly column: number;
      /** What stands there for a null; null: the whole text is empty then. */
      readonly ifNull: string | null;
    };

/** Names of the columns of the part are in `columns`. */
export function planKvTexts(kv: KvPlan, columns: readonly Column[]): KvTexts {
  const selected: SelectedColumn[] = [];
  const select = (column: SelectedColumn, ifNull: string | null): TextPiece => {
    selected.push(column);
    return { column: selected.length - 1, ifNull };
  };
  const fill = (template: string): TextTemplate => {
    const { columns: names, literals } = parseTemplate(template, 'kv.key');
    return names
      .flatMap((name, index) => [
        literal(literals[index] ?? ''),
        ...keyColumns(columnOf(name, columns)).map((column) => select(column, null)),
      ])
      .concat(literal(literals[names.length] ?? ''))
      .filter(isFilled);
  };
  const key = fill(kv.key);
  const field = kv.field === null ? null : fill(kv.field);
  const value = valueTemplate(kv.values, columns, select);
  return { columns: selected, key, field, value };
}

/** How the values alone are made. */
export function planValueTexts(
  values: KvPlan['values'],
  columns: readonly Column[],
): Pick<KvTexts, 'columns' | 'value'> {
  const selected: SelectedColumn[] = [];
  const value = valueTemplate(values, columns, (column, ifNull) => {
    selected.push(column);
    return { column: selected.length - 1, ifNull };
  });
  return { columns: selected, value };
}

function valueTemplate(
  values: KvPlan['values'],
  columns: readonly Column[],
  select: (column: SelectedColumn, ifNull: string | null) => TextPiece,
): TextTemplate {
  const [only] = values;
  if (only !== undefined && values.length === 1) return [select(singleValue(columnOf(only, columns)), 'NaN')];
  return [
    ...values.flatMap((name, index) => [
      literal(`${index === 0 ? '{' : ','}${JSON.stringify(name)}:`),
      select(jsonValue(columnOf(name, columns)), 'null'),
    ]),
    literal('}'),
  ];
}

/** Times are cut into pieces that are short enough to be read from DuckDB's own memory. */
function keyColumns(column: Column): SelectedColumn[] {
  if (isSmallInteger(column.type)) return [raw(column, 'integer', 'words')];
  if (column.type === 'DATE') return [raw(column, 'date', 'words')];
  const text = keyTextSql(column);
  if (!column.type.startsWith('TIMESTAMP')) return [made(text)];
  return [1, 13, 25].map((start) => made(`substr(${text}, ${start}, 12)`));
}

function singleValue(column: Column): SelectedColumn {
  return rawNumber(column, 'words') ?? made(singleValueSql(column));
}

function jsonValue(column: Column): SelectedColumn {
  return rawNumber(column, 'null') ?? made(jsonValueSql(column));
}

function rawNumber(column: Column, nonFinite: NonFinite): SelectedColumn | null {
  if (column.type === 'FLOAT') return raw(column, 'float32', nonFinite);
  if (column.type === 'DOUBLE') return raw(column, 'float64', nonFinite);
  return isSmallInteger(column.type) ? raw(column, 'integer', nonFinite) : null;
}

/** Those that DuckDB keeps in 32 bits or fewer. */
export function isSmallInteger(type: string): boolean {
  return /^U?(?:TINYINT|SMALLINT|INTEGER)$/.test(type);
}

function raw({ name }: Column, kind: TextKind, nonFinite: NonFinite): SelectedColumn {
  return { sql: quoteName(name), kind, nonFinite };
}

function made(sql: string): SelectedColumn {
  return { sql, kind: 'text', nonFinite: 'words' };
}

function literal(text: string): TextPiece {
  return { literal: text };
}

function isFilled(piece: TextPiece): boolean {
  return !('literal' in piece) || piece.literal !== '';
}
