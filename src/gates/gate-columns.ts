import type { GateSpec } from '../core/gates.ts';
import type { Plan } from '../core/plan.ts';
import { type Column, isNumberType } from '../core/table.ts';
import { sqlTypeOf } from '../core/tensor-data.ts';
import { parseTemplate } from '../core/text/template.ts';

type ColumnsPlan = Pick<Plan, 'input' | 'features' | 'output' | 'kv'>;

/** The columns of a run that gates can name. */
export interface GateColumns {
  /** Predictions that are one value a row. */
  readonly predictions: readonly Column[];
  readonly kept: readonly Column[];
  readonly features: readonly Column[];
  /** Of `kv.key`, without the field. */
  readonly key: readonly string[];
  /** Those that name a row in messages. */
  readonly rowName: readonly string[];
}

/** Columns that name a row of a job without a store, at most. */
const NAMING_COLUMNS = 4;

export function gateColumns({ input, features, output, kv }: ColumnsPlan): GateColumns {
  const bound = new Set(features.bindings.flatMap(({ columns }) => columns));
  const of = (template: string | null) =>
    template === null ? [] : parseTemplate(template, 'kv.key').columns;
  const kept = output.keptColumns;
  return {
    predictions: output.predictions
      .filter(({ shape }) => shape !== 'list')
      .flatMap(({ columns, elementType }) => columns.map((name) => ({ name, type: sqlTypeOf(elementType) }))),
    kept,
    features: (features.select?.columns ?? input.columns).filter(({ name }) => bound.has(name)),
    key: of(kv?.key ?? null),
    rowName:
      kv === null
        ? kept.slice(0, NAMING_COLUMNS).map(({ name }) => name)
        : [...new Set([...of(kv.key), ...of(kv.field)])],
  };
}

/** The columns that a gate looks at, where it names none. */
export function lookedAt(gate: GateSpec, { predictions, features }: GateColumns): readonly string[] {
  if (!('columns' in gate)) return [];
  if (gate.columns !== null) return gate.columns;
  if (gate.kind === 'drift') return [...new Set([...predictions, ...features].map(({ name }) => name))];
  return predictions.filter(({ type }) => isNumberType(type)).map(({ name }) => name);
}
