import type { ElementType } from '../core/model.ts';
import type { Plan } from '../core/plan.ts';
import { quoteName } from '../core/text/sql.ts';
import { parseTemplate } from '../core/text/template.ts';
import { castSql } from '../features/cast-rules.ts';

/** A column that a row must have a usable value in, with what wants it. */
export interface RequiredColumn {
  readonly column: string;
  /** SQL that is null where the row cannot be used. */
  readonly sql: string;
  /** `the model input "price" is float32`, for messages. */
  readonly wantedBy: string;
  readonly elementType: ElementType | null;
}

/** The bound feature columns, in the order of the bindings, and after them the key columns. */
export function requiredColumns(plan: Plan): readonly RequiredColumn[] {
  const columns = plan.features.select?.columns ?? plan.input.columns;
  const columnTypes = new Map(columns.map(({ name, type }) => [name, type]));
  const features = plan.features.bindings.flatMap(({ input, elementType, columns }) =>
    columns.map((column) => ({
      column,
      sql: castSql(column, columnTypes.get(column) ?? 'VARCHAR', elementType),
      wantedBy: `the model input "${input}" is ${elementType}`,
      elementType,
    })),
  );
  const keys = keyColumns(plan).map((column) => ({
    column,
    sql: `CASE WHEN ${quoteName(column)} IS NOT NULL THEN true END`,
    wantedBy: 'it is part of the key in the store',
    elementType: null,
  }));
  return [...features, ...keys];
}

export function keyColumns(plan: Pick<Plan, 'kv'>): readonly string[] {
  if (plan.kv === null) return [];
  const key = parseTemplate(plan.kv.key, 'kv.key').columns;
  const field = plan.kv.field === null ? [] : parseTemplate(plan.kv.field, 'kv.field').columns;
  return [...new Set([...key, ...field])];
}
