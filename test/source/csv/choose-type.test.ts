import { expect, it } from 'vitest';
import { CELL_TYPES } from '../../../src/source/csv/cell-types.ts';
import { type CellCounts, chooseType } from '../../../src/source/csv/choose-type.ts';

interface Given {
  readonly cells: number;
  readonly valid: Readonly<Record<string, number>>;
  readonly badTexts?: number;
  readonly zeroLed?: number;
  readonly sameLength?: boolean;
}

function counts({ cells, valid, badTexts = 1, zeroLed = 0, sameLength = false }: Given): CellCounts {
  const perType = (of: (type: string) => number) =>
    Object.fromEntries(CELL_TYPES.map((type) => [type, of(type)])) as CellCounts['valid'];
  return {
    cells,
    valid: perType((type) => valid[type] ?? 0),
    badTexts: perType(() => badTexts),
    zeroLed,
    sameLength,
  };
}

it.each<[what: string, given: Given, type: string]>([
  ['no cells', { cells: 0, valid: {} }, 'VARCHAR'],
  ['words only', { cells: 5, valid: {} }, 'VARCHAR'],
  ['integers', { cells: 5, valid: { BIGINT: 5, 'DECIMAL(38,0)': 5, DOUBLE: 5 } }, 'BIGINT'],
  ['integers and decimals', { cells: 5, valid: { BIGINT: 3, 'DECIMAL(38,0)': 3, DOUBLE: 5 } }, 'DOUBLE'],
  ['days and times', { cells: 5, valid: { DATE: 4, TIMESTAMP: 5 } }, 'TIMESTAMP'],
  ['one bad cell of three', { cells: 3, valid: { BOOLEAN: 2 } }, 'BOOLEAN'],
  ['one bad cell of two', { cells: 2, valid: { BIGINT: 1, DOUBLE: 1 } }, 'VARCHAR'],
  ['a tenth of different bad cells', { cells: 100, valid: { DOUBLE: 90 }, badTexts: 10 }, 'DOUBLE'],
  ['more than a tenth', { cells: 100, valid: { DOUBLE: 89 }, badTexts: 11 }, 'VARCHAR'],
  ['many bad cells of three texts', { cells: 100, valid: { DOUBLE: 51 }, badTexts: 3 }, 'DOUBLE'],
  ['half of them bad', { cells: 100, valid: { DOUBLE: 50 }, badTexts: 1 }, 'VARCHAR'],
  ['codes of one length', { cells: 100, valid: { BIGINT: 98 }, zeroLed: 2, sameLength: true }, 'VARCHAR'],
  ['007 among numbers', { cells: 100, valid: { BIGINT: 98 }, zeroLed: 2 }, 'BIGINT'],
  ['zeros before many numbers', { cells: 100, valid: { BIGINT: 80 }, zeroLed: 20 }, 'VARCHAR'],
])('%s: a column', (_, given, type) => {
  expect(chooseType(counts(given))).toBe(type);
});

it.each<[what: string, given: Given, type: string]>([
  ['integers and a fraction', { cells: 2, valid: { BIGINT: 1, 'DECIMAL(38,0)': 1, DOUBLE: 2 } }, 'BIGINT'],
  [
    'integers of 128 bits',
    { cells: 4, valid: { BIGINT: 2, 'DECIMAL(38,0)': 3, DOUBLE: 4 } },
    'DECIMAL(38,0)',
  ],
  ['fractions and an integer', { cells: 3, valid: { BIGINT: 1, 'DECIMAL(38,0)': 1, DOUBLE: 3 } }, 'DOUBLE'],
])('%s: a column of which a model wants integers', (_, given, type) => {
  expect(chooseType(counts(given), 'integers')).toBe(type);
});
