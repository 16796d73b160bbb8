import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ModelCache } from '../../../src/inference/remote/model-cache.ts';
import { temporaryFolder } from '../../support/project.ts';

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  vi.stubEnv('XDG_CACHE_HOME', folder);
});
afterEach(() => vi.unstubAllEnvs());

const version = (name: string) => [[name, 'etag', '1']];

async function keep(cache: ModelCache, name: string): Promise<string> {
  const found = await cache.obtain(version(name), async (target) => {
    await writeFile(join(target, 'm.onnx'), name);
    return true;
  });
  return found ?? '';
}

async function age(path: string, hours: number): Promise<void> {
  const time = new Date(Date.now() - hours * 3_600_000);
  await utimes(path, time, time);
}

it('fills a version once, whoever asks, and not at all where it is gone meanwhile', async () => {
  const cache = await ModelCache.of('s3://b/m.onnx');
  const first = await keep(cache, '1');
  expect(await readFile(join(first, 'm.onnx'), 'utf8')).toBe('1');
  const again = await cache.obtain(version('1'), () => Promise.reject(new Error('it is there')));
  expect(again).toBe(first);
  expect(await cache.obtain(version('2'), async () => false)).toBeNull();
  await expect(cache.obtain(version('3'), () => Promise.reject(new Error('away')))).rejects.toThrow('away');
  expect(await readdir(dirname(first))).toHaveLength(1);
});

it('gives the copy of whoever is quicker', async () => {
  const cache = await ModelCache.of('s3://b/m.onnx');
  const found = await cache.obtain(version('1'), async (target) => {
    await writeFile(join(target, 'm.onnx'), 'slow');
    await keep(cache, '1');
    return true;
  });
  expect(await readFile(join(found ?? '', 'm.onnx'), 'utf8')).toBe('1');
});

it('removes versions that nobody uses, and what a killed process left', async () => {
  const cache = await ModelCache.of('s3://b/m.onnx');
  const [old, used] = [await keep(cache, 'old'), await keep(cache, 'used')];
  const other = await keep(await ModelCache.of('s3://b/other.onnx'), '1');
  const unused = await keep(await ModelCache.of('s3://b/unused.onnx'), '1');
  const left = join(dirname(old), '.half.tmp');
  const fresh = join(dirname(old), '.fresh.tmp');
  await mkdir(left);
  await mkdir(fresh);
  for (const [path, hours] of [
    [old, 2],
    [used, 0.5],
    [other, 24 * 29],
    [unused, 24 * 31],
    [left, 25],
    [fresh, 2],
  ] as const)
    await age(path, hours);
  const newest = await keep(cache, 'new');
  const names = async (path: string) =>
    (await readdir(dirname(path))).map((name) => join(dirname(path), name));
  expect((await names(newest)).sort()).toEqual([newest, used, fresh].sort());
  expect(await names(other)).toEqual([other]);
  expect(await names(unused)).toEqual([]);
});
