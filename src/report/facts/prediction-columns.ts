import type { ElementType } from '../../core/model.ts';
import type { PredictionBinding } from '../../core/plan.ts';
import { quoteName } from '../../core/text/sql.ts';

/** One series of predictions: a column of the parts, or one place in a list column. */
export interface PredictionColumn {
  /** `sales`, or `probabilities[1]` for the first value of a list; `probabilities[setosa]` where it is a class's. */
  readonly name: string;
  readonly sql: string;
  readonly kind: PredictionKind;
}

/** `text` is also what a yes or no is shown as: values with counts. */
export type PredictionKind = 'number' | 'whole number' | 'text';

export interface ChosenColumns {
  readonly columns: readonly PredictionColumn[];
  /** What is not shown, a sentence each. */
  readonly leftOut: readonly string[];
}

/** Of a list, values from the first on; the page stays small whatever the width. */
const LIST_VALUES = 3;
/** Series shown of a run. */
export const MOST_COLUMNS = 12;

/** Which series of a run a report shows. */
export function predictionColumns(predictions: readonly PredictionBinding[]): ChosenColumns {
  const all = predictions.flatMap(seriesOf);
  const lists = predictions
    .filter(({ shape, width }) => shape === 'list' && width > LIST_VALUES)
    .map(
      ({ columns, width }) =>
        `The column ${columns[0] ?? ''} is a list of ${width} values: the first ${LIST_VALUES} are shown.`,
    );
  const more = all.length - MOST_COLUMNS;
  return {
    columns: all.slice(0, MOST_COLUMNS),
    leftOut: [...lists, ...(more > 0 ? [`${more} more columns of predictions are not shown.`] : [])],
  };
}

function seriesOf(binding: PredictionBinding): PredictionColumn[] {
  const { shape, columns, width, elementType, labels, isLabel } = binding;
  // Labels are told apart, and not added up, even where they are numbers.
  if (isLabel === true)
    return columns.map((name) => ({ name, sql: `CAST(${quoteName(name)} AS VARCHAR)`, kind: 'text' }));
  const kind = kindOf(elementType);
  if (shape !== 'list') return columns.map((name) => ({ name, sql: quoteName(name), kind }));
  const name = columns[0] ?? '';
  return Array.from({ length: Math.min(width, LIST_VALUES) }, (_, index) => ({
    name: `${name}[${labels?.[index] ?? index + 1}]`,
    sql: `${quoteName(name)}[${index + 1}]`,
    kind,
  }));
}

function kindOf(type: ElementType): PredictionKind {
  if (type === 'string' || type === 'bool') return 'text';
  return type.startsWith('float') ? 'number' : 'whole number';
}
