import { expect, it } from 'vitest';
import { fitTable } from '../../../src/cli/render/fit-table.ts';

const HEADER = ['RUN', 'ROWS', 'NOTE'];
const ROWS = [
  ['a', '7,000', 'short'],
  ['b', '5 of 20', ''],
];
const WIDEST = 'RUN     ROWS  NOTE\n';

it('shows all columns where nobody looks at a window, and where they fit', () => {
  for (const width of [undefined, 19, 80]) {
    const { text, leftOut } = fitTable(HEADER, ROWS, width, ['NOTE']);
    expect(leftOut).toEqual([]);
    expect(text).toBe(`${WIDEST}a      7,000  short\nb    5 of 20\n`);
  }
});

it('leaves columns out in turn until the table fits', () => {
  expect(fitTable(HEADER, ROWS, 14, ['NOTE', 'ROWS'])).toEqual({
    text: 'RUN     ROWS\na      7,000\nb    5 of 20\n',
    leftOut: ['NOTE'],
  });
  expect(fitTable(HEADER, ROWS, 5, ['NOTE', 'ROWS', 'MISSING']).leftOut).toEqual(['NOTE', 'ROWS']);
});
