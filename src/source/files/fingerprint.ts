import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { InputFingerprint, SourceFile } from '../../core/table.ts';
import { changeOfObject, inputChanged } from '../remote/changed-object.ts';

/** Bytes hashed at each end of a file. A Parquet file has its footer, with all its offsets and statistics, in the last ones. */
const SAMPLED_BYTES = 64 * 1024;

/**
 * Identifies the content of the sources without reading all of it: name, size, time of change, and a
 * hash of the first and last 64 KiB of each; of objects in a bucket, name, size and version.
 */
export async function fingerprintInput(sources: readonly SourceFile[]): Promise<InputFingerprint> {
  const hash = createHash('sha256');
  for (const source of sources) {
    if (source.version !== undefined) {
      // What an object's version says of its content, no sample could say better.
      hash.update(`${JSON.stringify([source.path, source.bytes, source.version])}\n`);
      continue;
    }
    hash.update(`${JSON.stringify([resolve(source.path), source.bytes, source.modifiedMs])}\n`);
    hash.update(await sampleFile(source));
  }
  return { sources, fingerprint: hash.digest('hex') };
}

async function sampleFile(source: SourceFile): Promise<Buffer> {
  const file = await open(source.path, 'r');
  try {
    const head = Buffer.alloc(Math.min(SAMPLED_BYTES, source.bytes));
    const tail = Buffer.alloc(Math.min(SAMPLED_BYTES, source.bytes - head.length));
    await file.read(head, 0, head.length, 0);
    await file.read(tail, 0, tail.length, source.bytes - tail.length);
    return Buffer.concat([head, tail]);
  } finally {
    await file.close();
  }
}

/** How a source differs from what it was when the run was planned: `is gone`; null: it does not. */
export async function changeOf(source: SourceFile): Promise<string | null> {
  if (source.version !== undefined) return changeOfObject(source);
  const now = await stat(source.path).catch(() => undefined);
  if (now === undefined) return 'is gone';
  if (now.size === source.bytes && now.mtimeMs === source.modifiedMs) return null;
  return `has ${now.size} bytes of ${now.mtime.toISOString()}; it had ${source.bytes} bytes of ${new Date(source.modifiedMs).toISOString()}`;
}

/** Throws `INPUT_CHANGED` where a source is not as it was when the run was planned. */
export async function assertUnchanged(sources: readonly SourceFile[]): Promise<void> {
  for (const source of sources) {
    const what = await changeOf(source);
    if (what === null) continue;
    throw inputChanged(source.path, what);
  }
}
