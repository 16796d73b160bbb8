import { execFileSync } from 'node:child_process';
import { cp, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type * as published from '../../packages/lookup/index.d.ts';
import { openStore } from '../../src/kv/open-store.ts';
import type * as own from '../../src/lookup/thin-client.ts';
import { publish, weekOf } from '../serving/served-store.ts';
import { REPOSITORY } from '../support/cli.ts';
import { temporaryFolder } from '../support/project.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';

const NAME = 'serve-batch-lookup';
const MOST_BYTES = 100_000;

let archive: string;
let redis: RedisServer;
let lmdbUrl: string;
beforeAll(async () => {
  const folder = await temporaryFolder();
  await cp(join(REPOSITORY, 'packages/lookup'), folder, { recursive: true });
  execFileSync(process.execPath, [join(REPOSITORY, 'scripts/build-lookup.mjs'), join(folder, 'dist')]);
  execFileSync('npm', ['pack', '--ignore-scripts'], { cwd: folder, stdio: 'pipe' });
  archive = join(folder, (await readdir(folder)).find((name) => name.endsWith('.tgz')) ?? '');
  redis = await startRedis();
  lmdbUrl = `lmdb:${await temporaryFolder()}`;
  for (const url of [redis.url, lmdbUrl]) {
    const store = openStore({ url, job: 'sales' });
    await publish(store, 'g1', weekOf('1.5'));
    await store.close();
  }
});
afterAll(() => redis.stop());

/** A folder of somebody who has installed the package, and these beside it. */
async function consumerWith(...peers: readonly string[]): Promise<string> {
  const folder = await temporaryFolder();
  const modules = join(folder, 'node_modules');
  await mkdir(join(modules, NAME), { recursive: true });
  execFileSync('tar', ['xzf', archive, '--strip-components=1', '-C', join(modules, NAME)]);
  for (const name of peers) {
    await mkdir(join(modules, name, '..'), { recursive: true });
    await symlink(join(REPOSITORY, 'node_modules', name), join(modules, name));
  }
  return folder;
}

function node(cwd: string, script: string, type: 'module' | 'commonjs' = 'module'): string {
  return execFileSync(process.execPath, [`--input-type=${type}`, '-e', script], { cwd, encoding: 'utf8' });
}

const ask = (url: string): string => `
  const lookup = createLookup({ job: 'sales', url: ${JSON.stringify(url)} });
  try {
    const asked = { store: 1, product: 1, date: '2026-11-21' };
    const series = await lookup.series({ store: 1, product: 1 });
    const many = await lookup.getMany([asked, { ...asked, product: 9 }]);
    const { value, run } = await lookup.get(asked);
    console.log(JSON.stringify([value, run, [...series.values], many.map((each) => each?.value ?? null)]));
  } catch (error) {
    console.log(error instanceof ServeBatchError, error.code, error.message);
  } finally {
    await lookup.close();
  }`;
const ANSWER = '[1.5,"g1",[["2026-11-21",1.5],["2026-11-22",1.5]],[1.5,null]]\n';

it('is one file of less than 100 kB, and needs nothing that it does not name', async () => {
  const folder = join(await consumerWith(), 'node_modules', NAME);
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((each) =>
    each.isFile(),
  );
  const sizes = await Promise.all(files.map((file) => stat(join(file.parentPath, file.name))));
  expect(sizes.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(MOST_BYTES);
  const code = await readFile(join(folder, 'dist/index.cjs'), 'utf8');
  const needed = [...code.matchAll(/(?:require|import)\(["'`]([^"'`)]+)["'`]\)/g)].map(
    ([, name = '']) => name,
  );
  expect(needed.filter((name) => !/^(node:.*|url|ioredis|lmdb)$/.test(name))).toEqual([]);
});

it('reads from LMDB without ioredis, and from Redis without lmdb', async () => {
  const load = `import { createLookup, ServeBatchError } from '${NAME}';`;
  const withLmdb = await consumerWith('lmdb');
  expect(node(withLmdb, load + ask(lmdbUrl))).toBe(ANSWER);
  expect(node(withLmdb, load + ask(redis.url))).toContain('true USAGE This store needs the package ioredis');
  const withRedis = await consumerWith('ioredis');
  const required = `const { createLookup, ServeBatchError } = require('${NAME}');`;
  expect(node(withRedis, `${required}(async () => {${ask(redis.url)}})()`, 'commonjs')).toBe(ANSWER);
  expect(node(withRedis, load + ask(lmdbUrl))).toContain('true USAGE This store needs the package lmdb');
});

it('has types for nodenext, bundlers and CommonJS', async () => {
  const folder = await consumerWith();
  const code = `import { createLookup, ServeBatchError, type Lookup, type Series } from '${NAME}';
const lookup: Lookup = createLookup({ job: 'sales', url: 'redis://cache' });
export const week: Promise<Series | undefined> = lookup.series({ store: 1, day: new Date() });
export const isAway = (error: unknown): boolean => error instanceof ServeBatchError && error.code === 'X';
// @ts-expect-error: a map is no value of a key
export const wrong = lookup.get({ store: {} });
`;
  for (const name of ['a.mts', 'b.cts']) await writeFile(join(folder, name), code);
  const tsc = join(REPOSITORY, 'node_modules/.bin/tsc');
  const options = ['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2022', '--types', ''];
  for (const [module, resolution, ...files] of [
    ['nodenext', 'nodenext', 'a.mts', 'b.cts'],
    ['preserve', 'bundler', 'a.mts'],
  ] as const)
    execFileSync(tsc, [...options, '--module', module, '--moduleResolution', resolution, ...files], {
      cwd: folder,
      stdio: 'pipe',
    });
});

it('is typed as what it is bundled from', () => {
  // The compiler checks this: each way round, a function of the one is taken for that of the other.
  const forward: (create: typeof own.createLookup) => typeof published.createLookup = (create) => create;
  const lookupBack: (
    lookup: ReturnType<typeof published.createLookup>,
  ) => Omit<ReturnType<typeof own.createLookup>, never> = (lookup) => lookup;
  const error: (error: InstanceType<typeof own.ServeBatchError>) => published.ServeBatchError = (each) =>
    each;
  expect([forward, lookupBack, error]).toHaveLength(3);
});
