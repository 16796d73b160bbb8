import type { NormaliseStep } from '../../config/sections/serving.ts';
import type { Columns } from '../../lookup/column-text.ts';
import type { Cells } from '../../shard/live/live-question.ts';

export type Normalise = Readonly<Record<string, readonly NormaliseStep[]>>;

const STEPS: Readonly<Record<NormaliseStep, (text: string) => string>> = {
  trim: (text) => text.trim(),
  lower: (text) => text.toLowerCase(),
  nfc: (text) => text.normalize('NFC'),
  spaces: (text) => text.replace(/\s+/g, ' '),
};

/** A text in the form that the job wants, so that the same question is known as the same. */
export function normalisedText(text: string, steps: readonly NormaliseStep[]): string {
  return steps.reduce((done, step) => STEPS[step](done), text);
}

export function normalisedCells(cells: Cells, normalise: Normalise): Cells {
  return mapTexts(cells, normalise);
}

export function normalisedColumns(columns: Columns, normalise: Normalise): Columns {
  return mapTexts(columns, normalise);
}

function mapTexts<T>(values: Readonly<Record<string, T>>, normalise: Normalise): Readonly<Record<string, T>> {
  if (Object.keys(normalise).length === 0) return values;
  const steps = new Map(Object.entries(normalise).map(([name, list]) => [name.toLowerCase(), list]));
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      const own = steps.get(name.toLowerCase());
      return [
        name,
        own !== undefined && typeof value === 'string' ? (normalisedText(value, own) as T) : value,
      ];
    }),
  );
}
