import { stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { glob } from 'tinyglobby';
import { ServeBatchError, systemErrorCode } from '../core/errors.ts';
import { suggestion } from '../core/nearest.ts';
import { maskUrl } from '../core/secrets.ts';
import type { SourceFile, TableFormat } from '../core/table.ts';
import { formatOfPath } from './formats/table-formats.ts';

/**
 * The files that input paths name: a file, a glob, or a folder with all the tables below it (Hive
 * partitions among them). In the order given, those of a glob or folder by name; each once.
 *
 * Throws `INPUT_NOT_FOUND` where a path matches nothing and `INPUT_EMPTY` for a file without bytes.
 */
export async function findFiles(
  paths: readonly string[],
  format?: TableFormat,
): Promise<readonly SourceFile[]> {
  const found = new Map<string, SourceFile>();
  for (const path of paths) {
    for (const file of await filesOf(path, format)) {
      if (!found.has(resolve(file))) found.set(resolve(file), await sourceFile(file));
    }
  }
  return [...found.values()];
}

/**
 * As {@link findFiles}, for a place where files arrive: it may hold none yet, and a file may have no bytes
 * yet. Throws `INPUT_NOT_FOUND` where the place itself, the folder of a glob say, does not exist.
 */
export async function findArrivedFiles(
  paths: readonly string[],
  format?: TableFormat,
): Promise<readonly SourceFile[]> {
  const found = new Map<string, SourceFile>();
  for (const path of paths) {
    for (const file of await arrivedFilesOf(path, format)) {
      // One that was moved away meanwhile is none that arrived.
      const status = await stat(file).catch(() => null);
      if (status === null || found.has(resolve(file))) continue;
      found.set(resolve(file), { path: file, bytes: status.size, modifiedMs: status.mtimeMs });
    }
  }
  return [...found.values()];
}

async function arrivedFilesOf(path: string, format: TableFormat | undefined): Promise<string[]> {
  try {
    return await filesOf(path, format);
  } catch (error) {
    if (!(error instanceof ServeBatchError) || error.code !== 'INPUT_NOT_FOUND') throw error;
    const place = placeOf(path);
    const status = await stat(place).catch(() => null);
    if (status?.isDirectory() === true) return [];
    throw new ServeBatchError(
      'INPUT_NOT_FOUND',
      `The folder ${place}, where the files of ${path} are to arrive, does not exist. Make it, or mend the path.`,
      { cause: error, fields: { file: place } },
    );
  }
}

/** The folder itself, or the one that a glob's first pattern stands in. */
function placeOf(path: string): string {
  const pattern = /[*?[\]{}]/.exec(path);
  if (pattern === null) return path;
  const fixed = path.slice(0, pattern.index);
  return fixed.endsWith('/') ? fixed : dirname(fixed);
}

/** What a file looks like now; changes of a source show in it. */
export async function sourceFile(path: string): Promise<SourceFile> {
  const status = await stat(path);
  if (status.isFile() && status.size === 0)
    throw new ServeBatchError('INPUT_EMPTY', `${path} is empty (0 bytes). Expected a table with rows.`, {
      fields: { file: path },
    });
  return { path, bytes: status.size, modifiedMs: status.mtimeMs };
}

async function filesOf(path: string, format: TableFormat | undefined): Promise<string[]> {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(path))
    throw new ServeBatchError(
      'USAGE',
      `The input ${maskUrl(path)} is a URL; expected a local file, glob or folder. Download it first.`,
    );
  let status: Awaited<ReturnType<typeof stat>>;
  try {
    status = await stat(path);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
    const matches = /[*?[\]{}]/.test(path) ? await expandGlob(path) : [];
    if (matches.length > 0) return matches;
    throw await notFound(path, error);
  }
  return status.isDirectory() ? filesBelow(path, format) : [path];
}

async function expandGlob(pattern: string): Promise<string[]> {
  const matches = await glob(pattern, {
    absolute: pattern.startsWith('/'),
    dot: false,
    expandDirectories: false,
  });
  return matches.sort();
}

/** Tables below a folder. Names that start with a dot or an underscore are not data (`_SUCCESS`, `.part.tmp`). */
async function filesBelow(folder: string, format: TableFormat | undefined): Promise<string[]> {
  const names = await glob('**/*', { cwd: folder, dot: false, ignore: ['**/_*', '**/_*/**'] });
  const files = names
    .filter((name) => (format === undefined ? formatOfPath(name) !== undefined : true))
    .sort()
    .map((name) => join(folder, name));
  if (files.length > 0) return files;
  throw new ServeBatchError(
    'INPUT_NOT_FOUND',
    `The folder ${folder} holds no table. Expected .parquet, .csv, .tsv, .jsonl or .arrow files in it or below it.`,
    { fields: { file: folder } },
  );
}

async function notFound(path: string, cause: unknown): Promise<ServeBatchError> {
  if (/[*?]/.test(path)) {
    return new ServeBatchError(
      'INPUT_NOT_FOUND',
      `No file matches ${path}. Check the pattern (quoted, so that the shell leaves it alone).`,
      {
        cause,
        fields: { file: path },
      },
    );
  }
  const siblings = await glob('*', { cwd: dirname(resolve(path)), dot: false }).catch(() => []);
  return new ServeBatchError(
    'INPUT_NOT_FOUND',
    `The input ${path} does not exist (looked in ${relative('', dirname(resolve(path))) || 'this folder'}).${suggestion(basename(path), siblings)}`,
    { cause, fields: { file: path } },
  );
}
