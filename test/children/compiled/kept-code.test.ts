import { createHash } from 'node:crypto';
import {
  chmod,
  mkdir,
  readdir,
  readFile,
  rename,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { KeptCode } from '../../../src/children/compiled/kept-code.ts';
import { makePrivateFolder } from '../../../src/children/compiled/private-files.ts';
import { temporaryFolder } from '../../support/project.ts';

const SOURCE = '(function () { return function answer() { return "the first"; }; })()';
/** As long: V8 itself compares lengths only. */
const CHANGED = SOURCE.replace('the first', 'the other');

let folder: string;
let file: string;

beforeEach(async () => {
  const place = await temporaryFolder();
  folder = join(place, 'kept');
  file = join(place, 'body.cjs');
  await writeFile(file, SOURCE);
});

afterEach(() => vi.restoreAllMocks());

const answerOf = (cache: KeptCode): string => (cache.load(file) as () => string)();

/** One start: loads the file, calls it, and keeps what was not kept before. */
function start(role = 'child'): string {
  makePrivateFolder(folder);
  const cache = new KeptCode(folder, role);
  const answer = answerOf(cache);
  cache.save();
  return answer;
}

/** The files with their bytes, which say whether one was written again. */
async function kept(): Promise<Readonly<Record<string, string>>> {
  const names = await readdir(folder);
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'base64')));
  return Object.fromEntries(names.map((name, index) => [name, texts[index] ?? '']));
}

function flipped(bytes: Buffer, index: number): Buffer {
  const other = Buffer.from(bytes);
  other[index] = (other[index] ?? 0) ^ 1;
  return other;
}

async function onlyFile(): Promise<string> {
  const names = await readdir(folder);
  expect(names).toHaveLength(1);
  return join(folder, names[0] ?? '');
}

/** Whether a start takes what is kept: one that takes it writes nothing. */
function takesIt(): boolean {
  const cache = new KeptCode(folder, 'child');
  expect(answerOf(cache)).toBe('the first');
  const written = vi.spyOn(Buffer, 'concat');
  cache.save();
  const isWritten = written.mock.calls.length > 0;
  written.mockRestore();
  return !isWritten;
}

it('keeps what it compiled, with functions that were called, and takes it the next time', async () => {
  expect(start()).toBe('the first');
  expect(basename(await onlyFile())).toMatch(/^body\.cjs-child-[0-9a-f]{16}$/);
  expect(takesIt()).toBe(true);
});

it('keeps apart what processes of other roles compiled', async () => {
  start('child');
  start('run');
  expect(Object.keys(await kept())).toHaveLength(2);
});

it('does not take what was compiled from another source of the same length', async () => {
  start();
  await writeFile(file, CHANGED);
  expect(start()).toBe('the other');
  expect(start()).toBe('the other');
});

it.each([
  ['a bit in the middle is another', (bytes: Buffer) => flipped(bytes, bytes.length >> 1)],
  ['a bit of its digest is another', (bytes: Buffer) => flipped(bytes, 0)],
  ['it is empty', () => Buffer.alloc(0)],
  ['it is shorter than a digest', () => Buffer.from('short')],
  ['it holds zeros, as after a power cut', (bytes: Buffer) => Buffer.alloc(bytes.length)],
  ['its end is missing', (bytes: Buffer) => bytes.subarray(0, -100)],
])('compiles anew, and keeps that, where %s', async (_, spoil) => {
  start();
  const path = await onlyFile();
  await writeFile(path, spoil(await readFile(path)));
  expect(takesIt()).toBe(false);
  expect(takesIt()).toBe(true);
});

it('compiles anew what V8 does not take, though it is what was written', async () => {
  start();
  const path = await onlyFile();
  // V8 itself remembers a source that this process has compiled, and would not look at the data.
  const source = SOURCE.replace('answer', 'unseen');
  await writeFile(file, source);
  const data = Buffer.from('of another V8');
  const digest = createHash('sha256').update(source).update(data).digest();
  await writeFile(path, Buffer.concat([digest, data]));
  expect(takesIt()).toBe(false);
  expect(takesIt()).toBe(true);
});

it('takes nothing that another user owns', async () => {
  start();
  const uid = process.geteuid?.() ?? 0;
  vi.spyOn(process, 'geteuid').mockReturnValue(uid + 1);
  const before = await kept();
  expect(takesIt()).toBe(false);
  expect(start()).toBe('the first');
  expect(await kept()).toEqual(before);
});

it.each([0o755, 0o770, 0o777, 0o701])('takes and writes nothing in a folder with mode %o', async (mode) => {
  start();
  await chmod(folder, mode);
  const before = await kept();
  expect(takesIt()).toBe(false);
  expect(await kept()).toEqual(before);
});

it.each([0o644, 0o660, 0o606])('takes no file with mode %o', async (mode) => {
  start();
  await chmod(await onlyFile(), mode);
  expect(takesIt()).toBe(false);
  expect(takesIt()).toBe(true);
});

it('follows no link, neither for the folder nor for a file', async () => {
  start();
  const elsewhere = join(folder, '..', 'elsewhere');
  const path = await onlyFile();
  await rename(path, elsewhere);
  await symlink(elsewhere, path);
  expect(takesIt()).toBe(false);
  expect(takesIt()).toBe(true);
  await rename(folder, `${folder}-moved`);
  await symlink(`${folder}-moved`, folder);
  expect(takesIt()).toBe(false);
});

it.each([
  ['lies below a file', 'body.cjs/kept'],
  ['is a file', 'body.cjs'],
  ['lies where nothing can be made', '/proc/kept'],
])('works where its folder %s', (_, path) => {
  folder = resolve(folder, '..', path);
  expect(start()).toBe('the first');
  expect(start()).toBe('the first');
});

it('is made with all folders above it, and says where it cannot be', async () => {
  const deep = join(folder, 'a', 'b');
  expect(makePrivateFolder(deep)).toBe(true);
  expect((await stat(deep)).mode & 0o777).toBe(0o700);
  expect(makePrivateFolder(join(file, 'a'))).toBe(false);
  expect(makePrivateFolder('/proc/a/b')).toBe(false);
  await chmod(deep, 0o755);
  expect(makePrivateFolder(deep)).toBe(false);
});

it('leaves nothing half-written where a file cannot be replaced', async () => {
  start();
  const path = await onlyFile();
  await truncate(path, 0);
  await rename(path, `${path}-away`);
  await mkdir(join(path, 'in-the-way'), { recursive: true });
  expect(start()).toBe('the first');
  expect((await readdir(folder)).sort()).toEqual([basename(path), `${basename(path)}-away`]);
});

it('removes what was written longest ago', async () => {
  start();
  for (let index = 0; index < 70; index++) await writeFile(join(folder, `of-version-${index}`), '');
  start('run');
  const names = await readdir(folder);
  expect(names).toHaveLength(64);
  expect(names.some((name) => name.startsWith('body.cjs-run-'))).toBe(true);
});

it('throws what the file throws', async () => {
  await writeFile(file, 'throw new Error("no such thing")');
  expect(() => start()).toThrow('no such thing');
});
