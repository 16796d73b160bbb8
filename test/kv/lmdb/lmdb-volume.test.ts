import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { isLockFileSparse } from '../../../src/kv/lmdb/lmdb-lock-file.ts';
import { openStore } from '../../../src/kv/open-store.ts';
import type { KvStore } from '../../../src/kv/store.ts';
import { FENCE, stage, WEEK } from '../store-contract.ts';

const releases: (() => unknown)[] = [];
afterEach(async () => {
  for (const release of releases.splice(0).reverse()) await release();
});

/** A volume of 4 MiB; undefined where this user may not mount one. */
function smallVolume(): string | undefined {
  const parent = mkdtempSync(join(tmpdir(), 'serve-batch-volume-'));
  releases.push(() => rm(parent, { recursive: true, force: true }));
  const folder = join(parent, 'disk');
  mkdirSync(folder);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'none', folder], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  releases.push(() => execFileSync('umount', [folder]));
  return folder;
}

function open(folder: string): KvStore {
  const store = openStore({ url: `lmdb:${folder}`, job: 'sales' });
  releases.push(() => store.close());
  return store;
}

/** Fills the volume but for some bytes. */
function fill(folder: string, leftBytes: number): void {
  const path = join(folder, 'fill');
  try {
    writeFileSync(path, Buffer.alloc(8 * 2 ** 20));
  } catch {
    truncateSync(path, statSync(path).size - leftBytes);
  }
}

/** Unprepared, LMDB ends the process by SIGBUS or SIGSEGV here. */
describe('LMDB on a volume that is full', () => {
  it.for([0, 4096, 8192, 500_000])(
    'with %d bytes left is refused, and works once there is room',
    async (left, context) => {
      const folder = smallVolume();
      if (folder === undefined) return context.skip('only root may mount a small volume');
      const store = open(folder);
      fill(folder, left);
      await expect(stage(store, WEEK)).rejects.toMatchObject({ code: 'DISK_FULL' });
      truncateSync(join(folder, 'fill'));
      await stage(store, WEEK);
      expect(await store.count('g1')).toEqual({ keys: 2, values: 3 });
    },
  );

  it('still answers readers, and is told that it is full by the first write', async (context) => {
    const folder = smallVolume();
    if (folder === undefined) return context.skip('only root may mount a small volume');
    const writer = open(folder);
    await stage(writer, WEEK);
    await writer.publish('g1', FENCE);
    await writer.close();
    fill(folder, 0);
    const reader = open(folder);
    expect(await reader.get('g1', '1:2', '2026-11-21')).toBe('3.5');
    const many = Array.from({ length: 50_000 }, (_, row): [string, string, string] => [`${row}`, 'f', 'v']);
    await expect(stage(reader, many, { shard: 1 })).rejects.toMatchObject({ code: 'DISK_FULL' });
    expect(await reader.get('g1', '1:2', '2026-11-21')).toBe('3.5');
  });

  it('refuses readers whose lock file is missing or has holes: it could not be written', async (context) => {
    const folder = smallVolume();
    if (folder === undefined) return context.skip('only root may mount a small volume');
    const writer = open(folder);
    await stage(writer, WEEK);
    await writer.close();
    const lock = join(folder, 'sales.g1.lmdb-lock');
    fill(folder, 0);
    for (const bytes of [null, 70_000]) {
      rmSync(lock, { force: true });
      if (bytes !== null) {
        writeFileSync(lock, '');
        truncateSync(lock, bytes);
      }
      truncateSync(join(folder, 'fill'));
      fill(folder, 0);
      await expect(open(folder).get('g1', '1:2', '2026-11-21')).rejects.toMatchObject({ code: 'DISK_FULL' });
    }
  });

  it('makes a file anew whose maker had no room for its first pages', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'serve-batch-cut-'));
    releases.push(() => rm(folder, { recursive: true, force: true }));
    const first = open(folder);
    await stage(first, WEEK);
    await first.close();
    truncateSync(join(folder, 'sales.g1.lmdb'), 4096);
    const store = open(folder);
    await stage(store, WEEK);
    expect(await store.count('g1')).toEqual({ keys: 2, values: 3 });
  });
});

describe('the lock file of an LMDB file', () => {
  it('has blocks for all its bytes, and room for a thousand readers', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'serve-batch-lock-'));
    releases.push(() => rm(folder, { recursive: true, force: true }));
    await stage(open(folder), WEEK);
    const path = join(folder, 'sales.g1.lmdb');
    expect(isLockFileSparse(path)).toBe(false);
    expect(statSync(`${path}-lock`).size).toBeGreaterThan(1000 * 64);
  });
});
