import { ServeBatchError } from '../../core/errors.ts';
import { suggestion } from '../../core/text/nearest.ts';
import { quoteName } from '../../core/text/sql.ts';
import type { Database } from '../duckdb/database.ts';
import type { CsvOptions } from '../formats/input-options.ts';
import { parquetType } from '../formats/parquet-type.ts';
import { HIDDEN_PREFIX } from '../formats/staged-copy.ts';
import { hasFormat, printsAsWritten } from './cell-types.ts';
import { chooseType } from './choose-type.ts';
import { type CountedCells, countCells } from './count-cells.ts';
import { readTextsSql } from './csv-dialect.ts';
import { type ColumnNeeds, includesName, type StagedColumn } from './staged-columns.ts';
import { type CsvGroup, textOf } from './staging-select.ts';

const SAMPLE_TABLE = `${HIDDEN_PREFIX}sample`;
const SAMPLE_ROWS = 20_480;
/** Of each file, where there are many. */
const LEAST_ROWS_OF_A_FILE = 320;
/** A column of which the sample has fewer cells, or more that have some type, is looked at again when all is read. */
const TELLING_CELLS = 1_000;
const TELLING_SHARE = 0.2;

/**
 * The columns of all files, and their types as the first rows suggest them: all other rows are checked
 * against these, and say where they are wrong (see examine-staged.ts).
 */
export async function guessColumns(
  database: Database,
  groups: readonly CsvGroup[],
  options: CsvOptions,
  needs: ColumnNeeds,
): Promise<readonly StagedColumn[]> {
  const names = allNames(groups);
  const types = givenTypes(options, names, groups);
  await sampleRows(database, groups, names, options);
  const open = names.filter((name) => !types.has(name) && !includesName(needs.texts, name));
  const counts = await countCells(database, SAMPLE_TABLE, open, options);
  const counted = new Map(open.map((name, index) => [name, counts[index]]));
  return names.map((name, index) => {
    const type = types.get(name);
    const isKey = includesName(needs.keys, name);
    const base = { name, textColumn: null, isKey, isOpen: false, isGiven: type !== undefined };
    if (type !== undefined && type !== 'VARCHAR')
      return { ...base, type, check: printsAsWritten(type, options) ? 'exact' : 'plain' };
    const found = counted.get(name);
    if (found === undefined) return { ...base, type: 'VARCHAR', check: 'none' };
    return columnOf(name, index, found, { needs, options });
  });
}

/** Each name once, whatever its case, as the first file has it. */
function allNames(groups: readonly CsvGroup[]): readonly string[] {
  const names = new Map<string, string>();
  for (const name of groups.flatMap(({ dialect }) => dialect.names))
    if (!names.has(name.toLowerCase())) names.set(name.toLowerCase(), name);
  return [...names.values()];
}

function givenTypes(
  options: CsvOptions,
  names: readonly string[],
  groups: readonly CsvGroup[],
): ReadonlyMap<string, string> {
  const given = new Map<string, string>();
  for (const [wanted, type] of Object.entries(options.types ?? {})) {
    const name = names.find((each) => each.toLowerCase() === wanted.toLowerCase());
    if (name === undefined)
      throw new ServeBatchError(
        'SCHEMA_MISMATCH',
        `input.csv.types names the column "${wanted}", which ${groups[0]?.paths[0] ?? 'the input'} does not have (${names.join(', ')}).${suggestion(wanted, names)}`,
        { fields: { column: wanted } },
      );
    given.set(name, stagedType(type.toUpperCase()));
  }
  return given;
}

/** By the name that DuckDB gives back, and as Parquet can hold it. */
function stagedType(type: string): string {
  if (/^(VARCHAR|TEXT|STRING)$/.test(type)) return 'VARCHAR';
  return parquetType(type);
}

async function sampleRows(
  database: Database,
  groups: readonly CsvGroup[],
  names: readonly string[],
  options: CsvOptions,
): Promise<void> {
  const columns = names.map((name) => `${quoteName(name)} VARCHAR`);
  await database.run(`CREATE OR REPLACE TEMP TABLE ${SAMPLE_TABLE} (${columns.join(', ')})`);
  const files = groups.reduce((sum, { paths }) => sum + paths.length, 0);
  const rows = Math.max(LEAST_ROWS_OF_A_FILE, Math.ceil(SAMPLE_ROWS / Math.max(files, 1)));
  for (const { paths, dialect } of groups) {
    const cells = dialect.names.map((name) => `${textOf(dialect, { name }, options)} AS ${quoteName(name)}`);
    for (const path of paths)
      await database.run(
        `INSERT INTO ${SAMPLE_TABLE} BY NAME SELECT ${cells.join(', ')} FROM ${readTextsSql([path], dialect)} LIMIT ${rows}`,
      );
  }
}

/** A column of a type that was found, as it is to be staged. */
export function columnOf(
  name: string,
  index: number,
  counts: CountedCells,
  { needs, options }: { readonly needs: ColumnNeeds; readonly options: CsvOptions },
): StagedColumn {
  const type = chooseType(counts, wantedOf(name, needs));
  const isKey = includesName(needs.keys, name);
  const asText = { name, type: 'VARCHAR', isGiven: false, check: 'none', textColumn: null, isKey } as const;
  if (type === 'VARCHAR') return { ...asText, isOpen: !isTelling(counts) };
  const isExact = counts.exact[type] === counts.valid[type];
  const isFormatted = hasFormat(type, options);
  if (isKey && !isExact && !isFormatted) return { ...asText, isOpen: false };
  const isKept = isKey || needs.kept === '*' || includesName(needs.kept, name);
  const base = { name, type, isGiven: false, isKey, isOpen: false };
  if (isFormatted) return { ...base, check: 'plain', textColumn: null };
  // Printing a DOUBLE takes longer than reading it.
  const isCheap = type !== 'DOUBLE' && type !== 'BOOLEAN';
  if (isExact && (isCheap || isKept)) return { ...base, check: 'exact', textColumn: null };
  return { ...base, check: 'plain', textColumn: isKept ? `${HIDDEN_PREFIX}text_${index}` : null };
}

export function wantedOf(name: string, { integers }: ColumnNeeds): 'integers' | 'any' {
  return includesName(integers, name) ? 'integers' : 'any';
}

function isTelling({ cells, valid }: CountedCells): boolean {
  return cells >= TELLING_CELLS && Math.max(...Object.values(valid)) < cells * TELLING_SHARE;
}
