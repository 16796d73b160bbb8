import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { copyDirectly } from '../../../../src/source/csv/direct/copy-directly.ts';
import { byteClasses } from '../../../../src/source/csv/plain/byte-class.ts';
import { plainCells } from '../../../../src/source/csv/plain/cell-automaton.ts';
import { openDatabase } from '../../../support/database.ts';
import { temporaryFolder } from '../../../support/project.ts';

/** More of them in a campaign: `CSV_CELLS=20000`. */
const CELLS = Number(process.env.CSV_CELLS ?? 150);
const DIALECT = {
  ...{ delimiter: ',', quote: '"', escape: '"', encoding: 'utf-8' },
  ...{ header: false, skip: 0, names: ['a', 'b'], preamble: 0, isSkipPlain: true },
};
/** Between the others, of which only a few may be odd. */
const PLAIN_LINES = new Array<string>(32).fill(',');
const CLASSES = byteClasses(DIALECT, '.');
const ODD: readonly string[] = [
  ...[
    '-',
    '.',
    '-.',
    '5.',
    '.5',
    '-.5',
    '00',
    '00.5',
    '007',
    '007.5',
    '-07.5',
    '-0',
    '-0.0',
    '0.10',
    '+5',
    ' 5',
  ],
  ...[
    '1e5',
    '1e-5',
    '1E-05',
    '1e',
    '5e-',
    '.e-1',
    '1.2.3',
    '1_000',
    '0x10',
    '5x',
    'nan',
    'inf',
    '1e-400',
    '0e-400',
  ],
  ...['999999999', '9999999999', '2147483648', '-2147483649', '999999999999999', '9999999999999999'],
  ...['123456789.123456789', '0.1234567890123456789012', '0.12345678901234567890123', '9007199254740993'],
  ...[
    '9007199254740.993',
    '900719925474.0992',
    '1234567890.5',
    '0.000000000000000000000001',
    '99999',
    '32767',
    '100',
  ],
  ...[
    '2026-02-28',
    '2026-02-29',
    '2024-02-29',
    '1900-02-29',
    '2000-02-29',
    '0999-01-01',
    '9999-12-31',
    '2026-13-01',
  ],
  ...[
    '2026-11-21 10:30:00',
    '2026-11-21 24:00:00',
    '2026-11-21 10:60:00',
    '2026-11-21T10:30:00',
    '2026-11-21',
  ],
  ...['2026-11-21 10:30:00.5', '2026-11-21 10:30:00.50', '1001-01-01 00:00:00', '9999-12-31 23:59:59.999999'],
  ...['true', 'FALSE', 'tru', 'truee', 't', '1'],
];

function takes(type: string, check: 'exact' | 'plain', text: string): boolean {
  const automaton = plainCells(type, check);
  let state: number | undefined = 0;
  for (const byte of Buffer.from(text))
    state = automaton?.next[state ?? -1]?.get((CLASSES[byte] ?? 0) as never);
  return state !== undefined && automaton?.accepts[state] === true;
}

it.each<[type: string, check: 'exact' | 'plain', pattern: RegExp]>([
  ['BIGINT', 'exact', /^-?[0-9]{1,19}$/],
  ['INTEGER', 'exact', /^-?[0-9]{1,11}$/],
  ['TINYINT', 'exact', /^-?[0-9]{1,3}$/],
  ['DOUBLE', 'plain', /^-?[0-9]{0,17}\.?[0-9]{0,25}([eE]-[0-9]{1,3})?$/],
  ['DATE', 'exact', /^[0-9]{4}-[01][0-9]-[0-3][0-9]$/],
  ['TIMESTAMP', 'exact', /^[0-9]{4}-0[1-9]-[0-2][0-9] [0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{1,6})?$/],
  ['TIMESTAMP', 'plain', /^2[0-9]{3}-0[1-9]-[0-2][0-9][ T][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{1,6})?$/],
  ['BOOLEAN', 'plain', /^([tT][rR][uU][eE]|[fF][aA][lL][sS][eE])$/],
])(
  'takes no cell of %s (%s) that is not plain, and has the value of each as DuckDB has it',
  async (type, check, pattern) => {
    const database = await openDatabase();
    const folder = await temporaryFolder();
    const [path, target] = [join(folder, 'in.csv'), join(folder, 'out.parquet')];
    const base = { isGiven: false, textColumn: null, isKey: false, isOpen: false };
    /** Which of the cells are plain: the lines of all others are given to those who read with care. */
    const copy = async (cells: readonly string[]): Promise<readonly string[]> => {
      const lines = cells.flatMap((cell) => [`${cell},x`, ...PLAIN_LINES]);
      await writeFile(path, lines.map((line) => `${line}\n`).join(''));
      const odd = new Set<string>();
      await copyDirectly({
        groups: [{ dialect: DIALECT, paths: [path] }],
        columns: [
          { ...base, name: 'a', type, check },
          { ...base, name: 'b', type: 'VARCHAR', check: 'none' },
        ],
        ...{ options: {}, target, threads: 1, signal: new AbortController().signal },
        readOddLines: async (files) => {
          for (const line of files.flatMap(({ lines }) => lines)) odd.add(Buffer.from(line).toString());
          return null;
        },
      });
      return cells.filter((cell) => !odd.has(`${cell},x`));
    };
    const texts = [...new Set([...ODD, ...fc.sample(fc.stringMatching(pattern), CELLS)])].filter(
      (text) => text !== '',
    );
    const taken = await copy(texts);
    const quoted = taken.map((text) => `"${text}"`);
    expect(await copy(quoted)).toEqual(quoted);
    expect(taken.filter((text) => !takes(type, check, text))).toEqual([]);
    expect(taken.length).toBeGreaterThan(5);
    expect(await copy(taken)).toEqual(taken);
    const found = await database.rows(
      `SELECT CAST(a AS VARCHAR) AS v FROM read_parquet('${target}') WHERE a IS NOT NULL`,
    );
    const wanted = await database.rows(
      `SELECT CAST(CAST(a AS ${type}) AS VARCHAR) AS v FROM read_csv('${path}', header = false, auto_detect = false, columns = {'a': 'VARCHAR', 'b': 'VARCHAR'}) WHERE a <> ''`,
    );
    expect(found).toEqual(wanted);
    // Of what is plain, nothing is left to DuckDB but what no calendar has, and numbers that are as good as 0.
    const left = texts.filter((text) => takes(type, check, text) && !taken.includes(text));
    const isNothing = (text: string): boolean => type === 'DOUBLE' && Math.abs(Number(text)) < 2.3e-308;
    const isNoDay = (text: string): boolean => {
      const day = new Date(`${text.slice(0, 10)}T00:00:00Z`);
      return (
        text.includes('-') &&
        (Number.isNaN(day.getTime()) || day.toISOString().slice(0, 10) !== text.slice(0, 10))
      );
    };
    expect(left.filter((text) => !isNothing(text) && !isNoDay(text))).toEqual([]);
  },
);
