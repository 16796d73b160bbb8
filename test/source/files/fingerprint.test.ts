import { rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { findFiles } from '../../../src/source/files/find-files.ts';
import { assertUnchanged, fingerprintInput } from '../../../src/source/files/fingerprint.ts';
import { temporaryFolder } from '../../support/project.ts';

/** More than what is hashed of the beginning and of the end. */
const LARGE = 300 * 1024;

let path: string;

beforeEach(async () => {
  path = join(await temporaryFolder(), 'table.csv');
  await write(Buffer.alloc(LARGE));
});

/** Every version has the same time of change: only the content tells. */
async function write(content: Buffer): Promise<void> {
  await writeFile(path, content);
  await utimes(path, 1000, 1000);
}

async function fingerprint(): Promise<string> {
  return (await fingerprintInput(await findFiles([path]))).fingerprint;
}

function changedAt(position: number): Buffer {
  const content = Buffer.alloc(LARGE);
  content[position] = 1;
  return content;
}

describe('the fingerprint', () => {
  it('stays with the file', async () => {
    expect(await fingerprint()).toBe(await fingerprint());
    expect(await fingerprint()).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each<[what: string, change: () => Promise<void>]>([
    ['the first byte', () => write(changedAt(0))],
    ['the last byte', () => write(changedAt(LARGE - 1))],
    ['a byte of the footer', () => write(changedAt(LARGE - 60 * 1024))],
    ['the size', () => write(Buffer.alloc(LARGE + 1))],
    ['the time of change', () => utimes(path, 1000, 2000)],
  ])('changes with %s', async (_, change) => {
    const before = await fingerprint();
    await change();
    expect(await fingerprint()).not.toBe(before);
  });

  it('covers a file whole that is smaller than what is hashed of large ones', async () => {
    const hashes = new Set<string>();
    for (const content of ['a', 'b', 'ab', 'x'.repeat(70_000), `${'x'.repeat(69_999)}y`]) {
      await write(Buffer.from(content));
      hashes.add(await fingerprint());
    }
    expect(hashes.size).toBe(5);
  });

  it('changes with the order of the files', async () => {
    const [first] = await findFiles([path]);
    const other = join(await temporaryFolder(), 'other.csv');
    await writeFile(other, 'other');
    const [second] = await findFiles([other]);
    const of = async (...files: (typeof first)[]) =>
      (await fingerprintInput(files.flatMap((file) => file ?? []))).fingerprint;
    expect(await of(first, second)).not.toBe(await of(second, first));
  });
});

describe('a source', () => {
  it('that is as it was passes', async () => {
    await expect(assertUnchanged(await findFiles([path]))).resolves.toBeUndefined();
  });

  it.each<[what: string, change: () => Promise<void>, says: string]>([
    ['grew', () => write(Buffer.alloc(LARGE + 10)), `has ${LARGE + 10} bytes`],
    ['was written again', () => utimes(path, 1000, 3000), '1970-01-01T00:50:00.000Z; it had'],
    ['was deleted', () => rm(path), 'is gone'],
  ])('that %s is noticed', async (_, change, says) => {
    const sources = await findFiles([path]);
    await change();
    await expect(assertUnchanged(sources)).rejects.toMatchObject({ code: 'INPUT_CHANGED' });
    await expect(assertUnchanged(sources)).rejects.toThrow(says);
  });
});
