import type { Column } from '../../core/table.ts';
import { quoteName } from '../../core/text/sql.ts';
import { NO_NEEDS } from '../csv/staged-columns.ts';
import type { Database } from '../duckdb/database.ts';
import { type InputRequest, resolveInput } from '../resolve-input.ts';
import { rowsSql } from '../shard-relation.ts';

/** What somebody wants to know of a table who writes a job for it. */
export interface TableSurvey {
  readonly columns: readonly Column[];
  readonly rows: number;
  /** The values of the first rows, by column. */
  readonly first: Readonly<Record<string, readonly string[]>>;
  /** The values of text columns that have few of them, sorted. */
  readonly texts: Readonly<Record<string, readonly string[]>>;
  /** The first columns in the table that together tell each row from the others; null: there are none. */
  readonly key: readonly string[] | null;
}

const FIRST_ROWS = 3;
/** Texts that an encoding lists, at most. */
const MOST_TEXTS = 50;
/** Columns among which a key is looked for, and how many make one. */
const KEY_CANDIDATES = 8;
const KEY_COLUMNS = 3;
/** Rows that are looked at: more would say the same. */
const MOST_ROWS = 1_000_000;

/** Columns that can tell rows apart: a price that happens to be unique is no key. */
const KEY_TYPE = /^(?:U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?|VARCHAR|DATE|TIMESTAMP.*|UUID)$/;

export async function surveyTable(
  database: Database,
  request: Omit<InputRequest, 'setAside' | 'stagingRejectsPath' | 'needs'>,
): Promise<TableSurvey> {
  const input = await resolveInput(database, {
    ...request,
    ...{ setAside: false, stagingRejectsPath: '', needs: NO_NEEDS },
  });
  const range = { rowStart: 0, rowEnd: Math.min(input.rows, MOST_ROWS) };
  await database.run(`CREATE TEMP VIEW surveyed AS ${await rowsSql(database, input, range)}`);
  const { columns, rows } = input;
  return {
    columns,
    rows,
    first: await firstValues(database, columns),
    texts: await textValues(database, columns),
    key: await findKey(database, columns, range.rowEnd),
  };
}

async function firstValues(
  database: Database,
  columns: readonly Column[],
): Promise<Readonly<Record<string, readonly string[]>>> {
  const list = columns.map(({ name }) => `CAST(${quoteName(name)} AS VARCHAR) AS ${quoteName(name)}`);
  const rows = await database.rows(`SELECT ${list.join(', ')} FROM surveyed LIMIT ${FIRST_ROWS}`);
  return Object.fromEntries(columns.map(({ name }) => [name, rows.map((row) => String(row[name]))]));
}

async function textValues(
  database: Database,
  columns: readonly Column[],
): Promise<Readonly<Record<string, readonly string[]>>> {
  const found: Record<string, readonly string[]> = {};
  for (const { name, type } of columns) {
    if (type !== 'VARCHAR') continue;
    const rows = await database.rows(
      `SELECT DISTINCT ${quoteName(name)} AS text FROM surveyed WHERE text IS NOT NULL ORDER BY 1 LIMIT ${MOST_TEXTS + 1}`,
    );
    if (rows.length <= MOST_TEXTS) found[name] = rows.map(({ text }) => String(text));
  }
  return found;
}

/** Fewer columns before more, and those that stand first before others. */
async function findKey(
  database: Database,
  columns: readonly Column[],
  rows: number,
): Promise<readonly string[] | null> {
  const candidates = columns
    .filter(({ type }) => KEY_TYPE.test(type))
    .slice(0, KEY_CANDIDATES)
    .map(({ name }) => name);
  for (let size = 1; size <= KEY_COLUMNS; size++) {
    for (const some of choices(candidates, size)) {
      const list = some.map(quoteName).join(', ');
      const present = some.map((name) => `${quoteName(name)} IS NOT NULL`).join(' AND ');
      const [row] = await database.rows(
        `SELECT count(*) AS n FROM (SELECT DISTINCT ${list} FROM surveyed WHERE ${present})`,
      );
      if (Number(row?.n) === rows) return some;
    }
  }
  return null;
}

function* choices(names: readonly string[], size: number): Generator<readonly string[]> {
  if (size === 0) {
    yield [];
    return;
  }
  for (const [index, name] of names.entries())
    for (const rest of choices(names.slice(index + 1), size - 1)) yield [name, ...rest];
}
