import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lmdbError } from '../../../src/kv/lmdb/lmdb-error.ts';
import { MAX_KEY_BYTES } from '../../../src/kv/lmdb/lmdb-key.ts';
import { openStore } from '../../../src/kv/open-store.ts';
import type { KvStore } from '../../../src/kv/store.ts';
import { FENCE, stage, WEEK } from '../store-contract.ts';

describe('LMDB files', () => {
  let folder: string;
  let store: KvStore;

  beforeEach(async () => {
    folder = join(await mkdtemp(join(tmpdir(), 'serve-batch-lmdb-')), 'not', 'yet');
    store = openStore({ url: `lmdb:${folder}`, job: 'sales' });
  });
  afterEach(async () => {
    await store.close();
    await rm(join(folder, '../..'), { recursive: true, force: true });
  });

  it('makes no file by looking', async () => {
    expect(await store.current()).toBeUndefined();
    expect(await store.generations()).toEqual([]);
    expect(await store.get('g1', 'k', 'f')).toBeUndefined();
    expect(await store.info('g1')).toBeUndefined();
    await expect(readdir(folder)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('has a file for each generation and a pointer that people can read', async () => {
    await stage(store, WEEK);
    await stage(store, WEEK, { generation: 'g2' });
    await store.publish('g2', { ...FENCE, token: 4 });
    const files = await readdir(folder);
    expect(files).toEqual(expect.arrayContaining(['sales.current', 'sales.g1.lmdb', 'sales.g2.lmdb']));
    expect(files.filter((name) => name.endsWith('.tmp'))).toEqual([]);
    const pointer = JSON.parse(await readFile(join(folder, 'sales.current'), 'utf8'));
    expect(pointer).toEqual({ generation: 'g2', fence: { ...FENCE, token: 4 } });
    await store.drop('g1', { ...FENCE, token: 4 });
    expect((await readdir(folder)).filter((name) => name.includes('.g1.'))).toEqual([]);
  });

  it('keeps everything when it is closed and opened again', async () => {
    await stage(store, WEEK);
    await store.count('g1');
    await store.close();
    const again = openStore({ url: `lmdb:${folder}`, job: 'sales' });
    expect(await again.get('g1', '1:2', '2026-11-21')).toBe('3.5');
    expect((await again.stagedShards('g1')).size).toBe(1);
    await again.close();
  });

  it('sees what another store of the same process writes, whoever was first', async () => {
    await stage(store, WEEK);
    const reader = openStore({ url: `lmdb:${folder}`, job: 'sales' });
    expect(await reader.get('g1', '1:2', '2026-11-21')).toBe('3.5');
    await stage(store, [['1:2', '2026-11-21', 'newer']], { shard: 1 });
    expect([...(await reader.stagedShards('g1')).keys()]).toEqual([0, 1]);
    expect(await reader.get('g1', '1:2', '2026-11-21')).toBe('newer');
    await store.close();
    expect(await reader.get('g1', '1:2', '2026-11-21')).toBe('newer');
    await reader.close();
  });

  it('sees a generation that was dropped and loaded anew by another process, once it is published', async () => {
    await stage(store, [['k', 'f', 'first']], { generation: 'g1' });
    await stage(store, WEEK, { generation: 'g2' });
    await store.publish('g1', FENCE);
    const reader = openStore({ url: `lmdb:${folder}`, job: 'sales' });
    expect(await reader.current()).toBe('g1');
    expect(await reader.get('g1', 'k', 'f')).toBe('first');
    await store.publish('g2', FENCE);
    expect(await reader.current()).toBe('g2');
    await store.drop('g1', FENCE);
    await stage(store, [['k', 'f', 'second']], { generation: 'g1' });
    await store.publish('g1', FENCE);
    expect(await reader.current()).toBe('g1');
    expect(await reader.get('g1', 'k', 'f')).toBe('second');
    await reader.close();
  });

  it('lets the higher shard win whichever is staged last', async () => {
    await stage(store, [['k', 'f', 'of shard 2']], { shard: 2 });
    await stage(store, [['k', 'f', 'of shard 1']], { shard: 1 });
    expect(await store.get('g1', 'k', 'f')).toBe('of shard 2');
    expect(await store.getSeries('g1', 'k')).toEqual(new Map([['f', 'of shard 2']]));
    expect(await store.count('g1')).toEqual({ keys: 1, values: 1 });
  });

  it('takes keys up to its limit and names the limit beyond it', async () => {
    const longest = 'é'.repeat(MAX_KEY_BYTES / 2);
    await stage(store, [[longest, 'f', 'v']]);
    expect(await store.get('g1', longest, 'f')).toBe('v');
    await expect(stage(store, [[`${longest}x`, 'f', 'v']], { shard: 1 })).rejects.toMatchObject({
      code: 'STORE_REFUSED',
      message: expect.stringMatching(new RegExp(`${MAX_KEY_BYTES + 1} bytes.*at most ${MAX_KEY_BYTES}`)),
    });
    expect([...(await store.stagedShards('g1')).keys()]).toEqual([0]);
    await stage(store, WEEK, { shard: 1 });
    expect(await store.count('g1')).toEqual({ keys: 3, values: 4 });
  });

  it('says what to do with a pointer file that is no pointer', async () => {
    await stage(store, WEEK);
    await writeFile(join(folder, 'sales.current'), 'g1\n');
    await expect(store.current()).rejects.toMatchObject({
      code: 'STORE_REFUSED',
      message: expect.stringContaining('sales.current'),
    });
  });

  it('says what to do with a file that is no LMDB file', async () => {
    await stage(store, WEEK);
    await store.close();
    await writeFile(join(folder, 'sales.g1.lmdb'), 'this is no LMDB file '.repeat(1000));
    await expect(store.get('g1', '1:2', '2026-11-21')).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringMatching(/sales\.g1\.lmdb.*publish/),
    });
  });

  it.each([
    ['a few bytes', Buffer.from('abc')],
    ['nothing but zeros', Buffer.alloc(100_000)],
  ])('survives a file of %s', async (_, bytes) => {
    await stage(store, WEEK);
    await store.close();
    await writeFile(join(folder, 'sales.g1.lmdb'), bytes);
    await expect(store.info('g1')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: false });
  });

  it('takes an empty file for a new one, as a process that died while making it leaves behind', async () => {
    await stage(store, WEEK, { generation: 'g2' });
    await writeFile(join(folder, 'sales.g1.lmdb'), '');
    await stage(store, WEEK);
    expect(await store.count('g1')).toEqual({ keys: 2, values: 3 });
  });

  it('says that a folder cannot be one where a file stands in its place', async () => {
    await stage(store, WEEK);
    const wrong = openStore({ url: `lmdb:${join(folder, 'sales.current-nothing')}`, job: 'sales' });
    await writeFile(join(folder, 'sales.current-nothing'), '');
    await expect(wrong.ping()).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('sales.current-nothing'),
    });
  });

  it.each([
    ['ENOSPC of the system', { code: 28, message: 'No space left on device' }, 'DISK_FULL'],
    ['a quota', { code: 122, message: 'Disk quota exceeded' }, 'DISK_FULL'],
    ['a forbidden file', { code: 13, message: 'Permission denied' }, 'STORE_REFUSED'],
    ['a read-only disk', { code: 30, message: 'Read-only file system' }, 'STORE_REFUSED'],
    ['a broken disk', { code: 5, message: 'Input/output error' }, 'STORE_UNAVAILABLE'],
  ])('names the file and the kind of trouble: %s', (_, { code, message }, expected) => {
    const error = lmdbError(Object.assign(new Error(message), { code }), join(tmpdir(), 'x.lmdb'));
    expect(error.code).toBe(expected);
    expect(error.message).toContain('x.lmdb');
  });
});
