import { lstat, readlink, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { ServeBatchError, systemErrorCode } from '../../core/errors.ts';
import { kindOf } from '../../core/files/regular-file.ts';
import type { SourceFile, TableFormat } from '../../core/table.ts';
import { suggestion } from '../../core/text/nearest.ts';
import { maskUrl } from '../../core/text/secrets.ts';
import { isStorageAddress } from '../../storage/storage-address.ts';
import { formatOfPath } from '../formats/table-formats.ts';
import { findObjects } from '../remote/find-objects.ts';
import { listPaths, placeOf } from './list-paths.ts';
import { type FoundFile, oneOfEach } from './one-of-each.ts';

/**
 * The files that input paths name: a file, a glob, or a folder with all the tables below it (Hive
 * partitions among them). In the order given, those of a glob or folder by name; each file once, by
 * whatever links it is found (see one-of-each.ts).
 *
 * Throws `INPUT_NOT_FOUND` where a path matches nothing, `INPUT_UNREADABLE` for a link that leads nowhere
 * and for what is not a file, and `INPUT_EMPTY` for a file without bytes.
 */
export async function findFiles(
  paths: readonly string[],
  format?: TableFormat,
): Promise<readonly SourceFile[]> {
  const found: FoundFile[] = [];
  for (const path of paths) {
    if (isStorageAddress(path)) found.push(...(await objectsAt(path, format)));
    else for (const file of await filesOf(path, format)) found.push(await lookAt(file));
  }
  const files = oneOfEach(found);
  for (const { path, bytes } of files) assertNotEmpty(path, bytes);
  return files;
}

/**
 * As {@link findFiles}, for a place where files arrive: it may hold none yet, and a file may have no bytes
 * yet. Throws `INPUT_NOT_FOUND` where the place itself, the folder of a glob say, does not exist.
 */
export async function findArrivedFiles(
  paths: readonly string[],
  format?: TableFormat,
): Promise<readonly SourceFile[]> {
  const found: FoundFile[] = [];
  for (const path of paths) {
    if (isStorageAddress(path)) {
      found.push(...(await arrivedObjects(path, format)));
      continue;
    }
    for (const file of await arrivedFilesOf(path, format)) {
      // One that was moved away meanwhile has not arrived.
      const entry = await lstat(file).catch(() => null);
      if (entry !== null) found.push(await lookAt(file));
    }
  }
  return oneOfEach(found);
}

async function objectsAt(address: string, format: TableFormat | undefined): Promise<FoundFile[]> {
  const objects = await findObjects(address, format);
  return objects.map((each) => ({ ...each, realPath: each.path, inode: null }));
}

/** A bucket has no folders: none of its objects has arrived where there is none below the address. */
async function arrivedObjects(address: string, format: TableFormat | undefined): Promise<FoundFile[]> {
  try {
    return await objectsAt(address, format);
  } catch (error) {
    if (error instanceof ServeBatchError && error.code === 'INPUT_NOT_FOUND') return [];
    throw error;
  }
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

/** What a file looks like now; changes of a source show in it. */
export async function sourceFile(path: string): Promise<SourceFile> {
  if (isStorageAddress(path)) return (await findFiles([path]))[0] as SourceFile;
  const { bytes, modifiedMs } = await lookAt(path);
  assertNotEmpty(path, bytes);
  return { path, bytes, modifiedMs };
}

/** Nothing but a file is opened: a named pipe would be waited for, and a device may have no end. */
async function lookAt(path: string): Promise<FoundFile> {
  try {
    const status = await stat(path);
    if (!status.isFile()) throw notAFile(path, kindOf(status));
    const { size, mtimeMs } = status;
    const inode = await inodeOf(path);
    return { path, bytes: size, modifiedMs: mtimeMs, realPath: await realpath(path), inode };
  } catch (error) {
    throw (await brokenLink(path, error)) ?? error;
  }
}

/**
 * What tells a file whatever path leads to it, bind mounts too. With size and time, since a file system over a
 * network may give all files one number.
 */
async function inodeOf(path: string): Promise<string | null> {
  const { dev, ino, size, mtimeNs } = await stat(path, { bigint: true });
  return ino === 0n ? null : `${dev}:${ino}:${size}:${mtimeNs}`;
}

function notAFile(path: string, kind: string): ServeBatchError {
  return new ServeBatchError(
    'INPUT_UNREADABLE',
    `The input ${path} is ${kind}; expected a file. Write its content to a file, or pipe CSV in with --input -.`,
    { fields: { file: path } },
  );
}

async function brokenLink(path: string, error: unknown): Promise<ServeBatchError | undefined> {
  const code = systemErrorCode(error);
  if (code !== 'ENOENT' && code !== 'ELOOP') return undefined;
  const target = await readlink(path).catch(() => null);
  if (target === null) return undefined;
  const leads = code === 'ELOOP' ? 'leads back to itself' : 'does not exist';
  return new ServeBatchError(
    'INPUT_UNREADABLE',
    `The input ${path} is a link to ${target}, which ${leads}. Mend the link or remove it.`,
    { cause: error, fields: { file: path } },
  );
}

function assertNotEmpty(path: string, bytes: number): void {
  if (bytes > 0) return;
  throw new ServeBatchError('INPUT_EMPTY', `${path} is empty (0 bytes). Expected a table with rows.`, {
    fields: { file: path },
  });
}

async function filesOf(path: string, format: TableFormat | undefined): Promise<string[]> {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(path))
    throw new ServeBatchError(
      'USAGE',
      `The input ${maskUrl(path)} is a URL; expected a file, glob or folder, or an address with s3://, gs:// or az://. Download it first.`,
    );
  let status: Awaited<ReturnType<typeof stat>>;
  try {
    status = await stat(path);
  } catch (error) {
    const code = systemErrorCode(error);
    const broken = await brokenLink(path, error);
    if (broken !== undefined) throw broken;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
    const matches = /[*?[\]{}]/.test(path) ? await listPaths(path) : [];
    if (matches.length > 0) return matches;
    throw await notFound(path, error);
  }
  return status.isDirectory() ? filesBelow(path, format) : [path];
}

/** Tables below a folder. Names that start with a dot or an underscore are not data (`_SUCCESS`, `.part.tmp`). */
async function filesBelow(folder: string, format: TableFormat | undefined): Promise<string[]> {
  const names = await listPaths('**/*', { cwd: folder, ignore: ['**/_*', '**/_*/**'] });
  const files = names
    .filter((name) => (format === undefined ? formatOfPath(name) !== undefined : true))
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
  const siblings = await listPaths('*', { cwd: dirname(resolve(path)) }).catch(() => []);
  return new ServeBatchError(
    'INPUT_NOT_FOUND',
    `${path} does not exist (looked in ${relative('', dirname(resolve(path))) || 'this folder'}).${suggestion(basename(path), siblings)}`,
    { cause, fields: { file: path } },
  );
}
