import { realpath, statfs } from 'node:fs/promises';
import { ServeBatchError, systemErrorCode, toServeBatchError } from '../../core/errors.ts';
import { type Mirror, mirrorOf } from '../../core/files/mirror.ts';
import { formatBytes } from '../render/format.ts';
import { shortPath } from '../render/short-path.ts';
import { type Check, failure, finding } from './check.ts';
import { checkOutputFileSystem, fileSystemOf } from './file-system.ts';
import { nearestFolder, tryFolder } from './try-folder.ts';
import { within } from './within.ts';

const LOW_BYTES = 1e9;
const TIMEOUT_MS = 5_000;

/** An output folder: whether it can be written and a lock holds there, free space, and where it lies. */
export async function checkOutputFolder(path: string): Promise<readonly Check[]> {
  const name = `output ${shortPath(path)}`;
  const bucket = mirrorOf(path);
  if (bucket !== undefined) return orFailure(name, path, async () => [await checkBucket(name, bucket)]);
  return orFailure(name, path, async () => {
    const folder = await nearestFolder(path);
    const where = folder === path ? '' : ` (not there yet; ${folder} is)`;
    const type = await fileSystemOf(await realpath(folder));
    return [
      await checkWriting(name, folder, where),
      await checkSpace(name, folder),
      ...(type === null ? [] : [checkOutputFileSystem(name, type)]),
    ];
  });
}

/** Whether objects can be created there, and only once. */
async function checkBucket(name: string, bucket: Mirror): Promise<Check> {
  await bucket.assertUsable();
  return finding('ok', name, 'can be written, and honours conditions', { writable: true });
}

/** Where `--dry-run` and `inspect` keep their files; a run keeps its own in the output folder. */
export async function checkTemporaryFolder(path: string): Promise<readonly Check[]> {
  const name = `temporary ${path}`;
  const checks = await orFailure(name, path, async () => [
    await checkWriting(name, path, ''),
    await checkSpace(name, path),
  ]);
  return checks.map((check) =>
    check.mark === 'fail'
      ? finding('warn', name, `${check.text} Only --dry-run and inspect need it: set TMPDIR for them.`)
      : check,
  );
}

async function checkWriting(name: string, folder: string, where: string): Promise<Check> {
  const trial = await tryFolder(folder).catch((error: unknown) => unwritable(folder, error));
  if (trial instanceof ServeBatchError) return failure(name, trial, { folder, writable: false });
  const facts = { folder, writable: true, ...trial };
  if (!trial.isExclusive)
    return failure(name, new ServeBatchError('OUTPUT_UNWRITABLE', noLock(folder)), facts);
  if (trial.hasHardLinks)
    return finding('ok', name, `can be written${where}; exclusive creation and hard links work`, facts);
  return finding(
    'warn',
    name,
    `can be written${where}, but has no hard links: the lock works, and a crash while it is taken costs a minute`,
    facts,
  );
}

function unwritable(folder: string, cause: unknown): ServeBatchError {
  const known = toServeBatchError(cause);
  if (known.code === 'DISK_FULL') return known;
  const why = systemErrorCode(cause) ?? String(cause);
  return new ServeBatchError(
    'OUTPUT_UNWRITABLE',
    `${folder} cannot be written: ${why}. Check its permissions, or give another folder.`,
    { cause },
  );
}

function noLock(folder: string): string {
  return `${folder} lets two processes create the same file: no lock holds there. Give a folder of another file system with --output.`;
}

async function checkSpace(name: string, folder: string): Promise<Check> {
  const { bavail, bsize, files, ffree } = await statfs(folder);
  const freeBytes = bavail * bsize;
  const text = `${formatBytes(freeBytes)} free`;
  // Some file systems count no files, and say 0 of 0.
  if (files > 0 && ffree === 0)
    return finding('warn', name, `${text}, but no file can be added: all its inodes are in use`, {
      freeBytes,
    });
  if (freeBytes >= LOW_BYTES) return finding('ok', name, text, { freeBytes });
  return finding('warn', name, `${text}: that is little; a full disk ends a run with exit code 1`, {
    freeBytes,
  });
}

async function orFailure(
  name: string,
  path: string,
  check: () => Promise<readonly Check[]>,
): Promise<readonly Check[]> {
  try {
    return await within(
      TIMEOUT_MS,
      { what: `The file system of ${path}`, code: 'OUTPUT_UNWRITABLE' },
      check(),
    );
  } catch (error) {
    return [failure(name, error)];
  }
}
