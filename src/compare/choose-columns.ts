import { ServeBatchError } from '../core/errors.ts';
import { type Column, isNumberType } from '../core/table.ts';
import { type ComparedRun, keyColumnsOf, predictionNames } from './compared-run.ts';

/** A column that both runs have. */
export interface CommonColumn {
  readonly name: string;
  readonly kind: 'number' | 'list' | 'other';
}

export interface ChosenColumns {
  readonly key: readonly CommonColumn[];
  readonly values: readonly CommonColumn[];
  readonly by: readonly CommonColumn[];
  readonly onlyBefore: readonly string[];
  readonly onlyAfter: readonly string[];
  readonly notes: readonly string[];
}

export interface SideColumns {
  readonly run: ComparedRun;
  /** Of its parts. */
  readonly columns: readonly Column[];
}

/**
 * What two runs are joined by, and which of their columns are compared. Pure. Throws `USAGE` where they have no key or
 * no prediction in common, or lack a column that somebody asked for.
 */
export function chooseColumns(
  before: SideColumns,
  after: SideColumns,
  asked: { readonly key: readonly string[] | null; readonly by: readonly string[] },
): ChosenColumns {
  const names = asked.key ?? keyOf(before, after);
  const key = names.map((name) => commonColumn(before, after, name, '--key'));
  const by = asked.by.map((name) => commonColumn(before, after, name, '--by'));
  const [then, now] = [before, after].map(({ run }) => predictionNames(run.plan)) as [string[], string[]];
  const both = now.filter((name) => then.includes(name));
  if (both.length === 0)
    throw new ServeBatchError(
      'USAGE',
      `The runs have no prediction column in common: ${title(before)} has ${then.join(', ')}, ${title(after)} has ${now.join(', ')}.`,
    );
  const values = both.map((name) => commonColumn(before, after, name, '--key'));
  return {
    ...{ key, by, values },
    onlyBefore: then.filter((name) => !now.includes(name)),
    onlyAfter: now.filter((name) => !then.includes(name)),
    notes: [...key, ...values].flatMap(({ name }) => typeNote(before, after, name)),
  };
}

function keyOf(before: SideColumns, after: SideColumns): readonly string[] {
  const [then, now] = [before, after].map(({ run }) => keyColumnsOf(run.plan)) as [string[], string[]];
  const isSame = then.length === now.length && then.every((name) => now.includes(name));
  if (then.length > 0 && isSame) return then;
  const what = (side: SideColumns, key: readonly string[]): string =>
    `${title(side)} has ${key.length === 0 ? 'no key' : `the key ${key.join(', ')}`}`;
  throw new ServeBatchError(
    'USAGE',
    `It is not known which rows belong together: ${what(before, then)}, ${what(after, now)}. Name the columns that both have with --key store,product.`,
  );
}

function commonColumn(before: SideColumns, after: SideColumns, name: string, flag: string): CommonColumn {
  const types = [before, after].map((side) => {
    const column = side.columns.find((each) => each.name === name);
    if (column !== undefined) return column.type;
    throw new ServeBatchError(
      'USAGE',
      `The parts of ${title(side)} have no column "${name}" (${flag}); they have ${side.columns.map((each) => each.name).join(', ')}.`,
      { fields: { column: name } },
    );
  });
  if (types.every(isNumberType)) return { name, kind: 'number' };
  return { name, kind: types.every(isNumberList) ? 'list' : 'other' };
}

function isNumberList(type: string): boolean {
  return isNumberType(type.replace(/\[\d*\]$/, '')) && /\[\d*\]$/.test(type);
}

function typeNote(before: SideColumns, after: SideColumns, name: string): readonly string[] {
  const [then, now] = [before, after].map(({ columns }) => columns.find((each) => each.name === name)?.type);
  // Whole numbers are the same however many bytes they take.
  const isWhole = [then, now].every((type) => /INT/.test(type ?? ''));
  return then === now || isWhole
    ? []
    : [`The column ${name} is ${then} in ${title(before)} and ${now} in ${title(after)}.`];
}

function title({ run }: SideColumns): string {
  return `run ${run.plan.runId}`;
}
