import { dirname, relative, resolve, sep } from 'node:path';
import { ServeBatchError } from '../../core/errors.ts';
import type { Column } from '../../core/table.ts';
import { quoteText } from '../../core/text/sql.ts';
import { placeOf } from '../files/list-paths.ts';

export type HivePartitioning = 'auto' | boolean;

/** A folder called `name=value`. */
interface PartitionFolder {
  readonly name: string;
  readonly value: string;
}

/**
 * The columns that folders make, such as `date=2026-11-21/`. Only folders below the paths that the job names
 * count: where somebody keeps the whole table says nothing of its rows. Where a file has none, there are no
 * such columns, unless they are asked for.
 *
 * Throws `SCHEMA_MISMATCH` where the files have different ones.
 */
export function partitionColumns(
  files: readonly string[],
  given: readonly string[],
  hive: HivePartitioning,
): readonly Column[] {
  if (hive === false) return [];
  const all = files.map((file) => ({ file, folders: foldersOf(pathBelow(file, given)) }));
  const without = all.find(({ folders }) => folders.length === 0);
  if (without !== undefined) {
    if (hive === 'auto') return [];
    throw new ServeBatchError(
      'SCHEMA_MISMATCH',
      `${without.file} lies in no folder called NAME=VALUE below ${given.join(', ')}, and input.hivePartitioning is true. Move the file, or set input.hivePartitioning: auto.`,
      { fields: { file: without.file } },
    );
  }
  const [first] = all;
  const names = (first?.folders ?? []).map(({ name }) => name);
  for (const { file, folders } of all) assertSameNames(names, folders, first?.file ?? '', file);
  return names.map((name) => ({ name, type: typeOf(all.map(({ folders }) => valueIn(folders, name))) }));
}

/**
 * The folders of all files that may make columns, as one text; empty where there are none. The same files have
 * other columns where the job names a folder above them.
 */
export function partitionFolders(files: readonly string[], given: readonly string[]): string {
  const folders = files.map((file) => foldersOf(pathBelow(file, given)));
  return folders.every((each) => each.length === 0) ? '' : JSON.stringify(folders);
}

/** Throws `SCHEMA_MISMATCH` where a file has a column of its own under the name of a folder. */
export function assertNoOwnColumn(partitions: readonly Column[], own: readonly Column[], file: string): void {
  for (const { name } of partitions) {
    const column = own.find((each) => each.name.toLowerCase() === name.toLowerCase());
    if (column === undefined) continue;
    const folder = foldersOf(file).findLast((each) => each.name === name);
    throw new ServeBatchError(
      'SCHEMA_MISMATCH',
      `The folder ${folder?.name}=${folder?.value} of ${file} makes a column "${name}", and the file has a column "${column.name}" of its own. Rename one of them, or set input.hivePartitioning: false, which leaves the names of folders alone.`,
      { fields: { file, column: column.name } },
    );
  }
}

/** The value that a file's folder gives a column, as an SQL text; the last one, where two folders have its name. */
export function partitionValueSql(file: string, name: string): string {
  const value = valueIn(foldersOf(file), name);
  return value === null ? 'NULL' : quoteText(value);
}

function pathBelow(file: string, given: readonly string[]): string {
  const path = resolve(file);
  const below = given
    .map((each) => (path === resolve(each) ? dirname(path) : resolve(placeOf(each))))
    .filter((folder) => path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`))
    .sort((a, b) => a.length - b.length)[0];
  return below === undefined ? '' : relative(below, path);
}

function foldersOf(path: string): readonly PartitionFolder[] {
  return path
    .split('/')
    .slice(0, -1)
    .flatMap((folder) => {
      const [, name, value] = /^([^=]+)=(.*)$/.exec(folder) ?? [];
      return name === undefined || value === undefined
        ? []
        : [{ name: decoded(name), value: decoded(value) }];
    });
}

/** As Hive and Spark write what a folder cannot be called. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const NULL_VALUE = '__HIVE_DEFAULT_PARTITION__';

function valueIn(folders: readonly PartitionFolder[], name: string): string | null {
  const value = folders.findLast((each) => each.name === name)?.value ?? NULL_VALUE;
  return value === NULL_VALUE ? null : value;
}

function assertSameNames(
  names: readonly string[],
  folders: readonly PartitionFolder[],
  first: string,
  file: string,
): void {
  const own = folders.map(({ name }) => name);
  const isSame = own.length === names.length && names.every((name) => own.includes(name));
  if (isSame && new Set(own).size === own.length) return;
  throw new ServeBatchError(
    'SCHEMA_MISMATCH',
    `The folders of ${file} make the columns ${own.join(', ')}, those of ${first} ${names.join(', ')}. Folders of one input must make the same columns, each once; set input.hivePartitioning: false to leave their names alone.`,
    { fields: { file } },
  );
}

/** The type by which each value prints as it is written: `007` and `1E5` stay texts. */
function typeOf(values: readonly (string | null)[]): string {
  const texts = values.filter((value) => value !== null);
  if (texts.length === 0) return 'VARCHAR';
  if (texts.every(isBigint)) return 'BIGINT';
  if (texts.every(isDate)) return 'DATE';
  return 'VARCHAR';
}

function isBigint(text: string): boolean {
  return /^(0|-?[1-9]\d{0,18})$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
}

function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}
