import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { strictCast } from '../../../../src/source/csv/cell-types.ts';
import { readTextsSql } from '../../../../src/source/csv/csv-dialect.ts';
import { byteClasses } from '../../../../src/source/csv/plain/byte-class.ts';
import { plainCells } from '../../../../src/source/csv/plain/cell-automaton.ts';
import { openDatabase } from '../../../support/database.ts';
import { temporaryFolder } from '../../../support/project.ts';

const DIALECT = {
  ...{ delimiter: ';', quote: '"', escape: '"', encoding: 'utf-8' },
  ...{ header: false, skip: 0, names: ['a'], preamble: 0, isSkipPlain: true },
};
const CLASSES = byteClasses(DIALECT, '.');

function takes(type: string, check: 'exact' | 'plain', text: string): boolean {
  const automaton = plainCells(type, check);
  let state: number | undefined = 0;
  for (const byte of Buffer.from(text))
    state = automaton?.next[state ?? -1]?.get((CLASSES[byte] ?? 0) as never);
  return state !== undefined && automaton?.accepts[state] === true;
}

describe('plain cells', () => {
  it.each<[type: string, check: 'exact' | 'plain', plain: string[], odd: string[]]>([
    [
      'BIGINT',
      'exact',
      ['0', '7', '-17', '999999999999999999'],
      ['', '-', '-0', '007', '+5', '5.', '1e3', ' 5', '1_000', '9999999999999999999'],
    ],
    ['SMALLINT', 'exact', ['9999', '-9999'], ['32767']],
    [
      'DOUBLE',
      'plain',
      ['5', '5.', '.5', '-.5', '-0', '0.10', '1.5e-05', '999999999999999.9'],
      ['', '.', '-', '00.5', '1e5', '1e', 'nan', 'inf', '1,5', '1_0', '0x10', '9007199254740993', '+1'],
    ],
    [
      'DATE',
      'exact',
      ['2026-11-21', '2026-12-31'],
      ['0000-01-01', '2026-13-01', '2026-00-10', '2026-11-32', '2026-1-1', '12-05-21', '2026/11/21'],
    ],
    [
      'TIMESTAMP',
      'exact',
      ['2026-11-21 23:59:59', '2026-11-21 00:00:00.000001'],
      [
        '2026-11-21',
        '2026-11-21T10:30:00',
        '2026-11-21 24:00:00',
        '2026-11-21 10:30:60',
        '2026-11-21 10:30:00.50',
      ],
    ],
    [
      'TIMESTAMP',
      'plain',
      ['2026-11-21T10:30:00.50'],
      ['2026-11-21 10:30:00.', '2026-11-21 10:30:00.1234567'],
    ],
    ['BOOLEAN', 'plain', ['true', 'False'], ['t', 'yes', '1', 'truee', 'fals']],
  ])('of %s, looked at as %s', (type, check, plain, odd) => {
    expect(plain.filter((text) => !takes(type, check, text))).toEqual([]);
    expect(odd.filter((text) => takes(type, check, text))).toEqual([]);
  });

  const cells: readonly (readonly [
    type: 'BIGINT' | 'DOUBLE' | 'DATE' | 'TIMESTAMP' | 'BOOLEAN',
    'exact' | 'plain',
    RegExp,
  ])[] = [
    ['BIGINT', 'exact', /^-?[0-9]{1,19}$/],
    ['DOUBLE', 'plain', /^-?[0-9]{0,17}\.?[0-9]{0,25}([eE]-[0-9]{1,3})?$/],
    ['DATE', 'exact', /^[0-9]{4}-[01][0-9]-[0-3][0-9]$/],
    [
      'TIMESTAMP',
      'exact',
      /^2[0-9]{3}-[01][0-9]-[0-2][0-9] [0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{1,6})?$/,
    ],
    [
      'TIMESTAMP',
      'plain',
      /^2[0-9]{3}-[01][0-9]-[0-2][0-9][ T][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{1,6})?$/,
    ],
    ['BOOLEAN', 'plain', /^([tT][rR][uU][eE]|[fF][aA][lL][sS][eE])$/],
  ];
  it.each(cells)('of %s (%s) are read as the careful cast reads them', async (type, check, pattern) => {
    const database = await openDatabase();
    const texts = fc.sample(fc.stringMatching(pattern), 2_000).filter((text) => takes(type, check, text));
    expect(texts.length).toBeGreaterThan(100);
    const path = join(await temporaryFolder(), 'cells.csv');
    await writeFile(path, `${texts.map((text) => `${text};x`).join('\n')}\n`);
    const dialect = { ...DIALECT, names: ['a', 'b'] };
    const typed = readTextsSql([path], dialect, { types: new Map([[0, type]]) });
    // Dates that no calendar has are set aside by the reader, and then nothing counts as proved.
    const careful = `SELECT t, ${strictCast(type, 't', {})} AS v FROM (SELECT c0 AS t FROM ${readTextsSql([path], dialect)})`;
    const found = await database.rows(`SELECT CAST(c0 AS VARCHAR) AS v FROM ${typed}`);
    const wanted = await database.rows(
      `SELECT CAST(v AS VARCHAR) AS v, t FROM (${careful}) WHERE v IS NOT NULL`,
    );
    expect(found).toEqual(wanted.map(({ v }) => ({ v })));
    if (check === 'exact') expect(wanted.filter(({ v, t }) => v !== t)).toEqual([]);
  });
});
