import { ServeBatchError } from '../../core/errors.ts';
import type { SourceFile, TableFormat } from '../../core/table.ts';
import type { ObjectHead, ObjectInfo, ObjectStorage } from '../../storage/object-storage.ts';
import { locate } from '../../storage/open-bucket.ts';
import { formatOfPath } from '../formats/table-formats.ts';

/**
 * The objects that an address names, as `findFiles` finds files: one object, those that a glob matches, or all tables
 * below a prefix that ends as a folder does. By key. Throws `INPUT_NOT_FOUND` where there are none.
 */
export async function findObjects(address: string, format?: TableFormat): Promise<readonly SourceFile[]> {
  const { storage, key } = await locate(address);
  const own = key === '' || address.endsWith('/') ? null : await storage.head(key);
  if (own !== null) return [sourceOf(storage, own)];
  const isGlob = isPattern(key);
  const found = isGlob ? await matching(storage, key) : await below(storage, key, format);
  if (found.length > 0) return found.map((each) => sourceOf(storage, each));
  throw new ServeBatchError('INPUT_NOT_FOUND', isGlob ? noMatch(address) : notThere(address), {
    fields: { file: address },
  });
}

/**
 * When what an address names was changed last, and what time it is, both by the storage's clock: an object, those that
 * a glob matches, or all below a prefix, whatever they hold. Null: nothing is there.
 */
export async function lastChange(
  address: string,
): Promise<Pick<ObjectHead, 'modifiedMs' | 'serverTimeMs'> | null> {
  const { storage, key } = await locate(address);
  const own = key === '' || address.endsWith('/') ? null : await storage.head(key);
  if (own !== null) return own;
  const found = isPattern(key)
    ? await matching(storage, key)
    : await objects(storage, key === '' ? '' : `${key}/`, () => true);
  const [first, ...others] = found;
  if (first === undefined) return null;
  const newest = others.reduce((last, each) => (each.modifiedMs > last.modifiedMs ? each : last), first);
  return storage.head(newest.key);
}

function isPattern(key: string): boolean {
  return /[*?[\]{}]/.test(key);
}

/** What an object looks like now; null: it is gone. */
export async function objectNow(address: string): Promise<SourceFile | null> {
  const { storage, key } = await locate(address);
  const head = await storage.head(key);
  return head === null ? null : sourceOf(storage, head);
}

function sourceOf(storage: ObjectStorage, { key, bytes, modifiedMs, version }: ObjectInfo): SourceFile {
  return { path: storage.addressOf(key), bytes, modifiedMs, version };
}

/** By the rules of a glob over files: a star is part of one name, and names with a dot in front are hidden. */
async function matching(storage: ObjectStorage, pattern: string): Promise<readonly ObjectInfo[]> {
  const { default: picomatch } = await import('picomatch');
  const matches = picomatch(pattern, { dot: false, posix: true });
  const fixed = pattern.slice(0, pattern.search(/[*?[\]{}\\]/));
  return objects(storage, fixed, (key) => matches(key));
}

/** Names that start with a dot or an underscore are not data (`_SUCCESS`, `_temporary/`). */
async function below(
  storage: ObjectStorage,
  folder: string,
  format: TableFormat | undefined,
): Promise<readonly ObjectInfo[]> {
  const prefix = folder === '' ? '' : `${folder}/`;
  return objects(storage, prefix, (key) => {
    const names = key.slice(prefix.length).split('/');
    const isHidden = names.some((name) => /^[._]/.test(name));
    return !isHidden && (format !== undefined || formatOfPath(key) !== undefined);
  });
}

async function objects(
  storage: ObjectStorage,
  prefix: string,
  isWanted: (key: string) => boolean,
): Promise<readonly ObjectInfo[]> {
  const found: ObjectInfo[] = [];
  for await (const each of storage.list(prefix)) {
    // Some tools mark a folder by an object of its name.
    if (!each.key.endsWith('/') && isWanted(each.key)) found.push(each);
  }
  return found.sort((a, b) => (a.key < b.key ? -1 : 1));
}

function noMatch(address: string): string {
  return `No object matches ${address}. Check the pattern (quoted, so that the shell leaves it alone).`;
}

function notThere(address: string): string {
  return `${address} does not exist: no object has that key, and no table lies below it. Expected .parquet, .csv, .tsv, .jsonl or .arrow objects.`;
}
