import { readdirSync, readFileSync } from 'node:fs';
import { readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  appendToFile,
  isTemporaryName,
  temporaryName,
  writeFileDurably,
} from '../../../src/core/files/durable-file.ts';
import { temporaryFolder } from '../../runs/sample-run.ts';

/** A file of somebody, and a link to it where a file is about to be written. */
async function plantedLink() {
  const folder = await temporaryFolder();
  const victim = join(folder, 'victim');
  const link = join(folder, 'link');
  await writeFile(victim, 'mine');
  await symlink(victim, link);
  return { folder, victim, link };
}

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}

describe('a file that is written where a link was planted', () => {
  it('replaces the link, and leaves what it points to', async () => {
    const { folder, victim, link } = await plantedLink();
    await writeFileDurably(link, 'new');
    expect(await readFile(victim, 'utf8')).toBe('mine');
    expect(await readFile(link, 'utf8')).toBe('new');
    expect(await readdir(folder)).toEqual(['link', 'victim']);
  });

  it('is not added to', async () => {
    const { victim, link } = await plantedLink();
    expect(() => appendToFile(link, 'more')).toThrow(/ELOOP/);
    appendToFile(victim, ' and more');
    expect(await readFile(victim, 'utf8')).toBe('mine and more');
  });
});

it('modes follow the umask, and are no wider than asked', async () => {
  const folder = await temporaryFolder();
  const open = 0o777 & ~process.umask();
  await writeFileDurably(join(folder, 'open'), '');
  await writeFileDurably(join(folder, 'secret'), '', 0o640);
  appendToFile(join(folder, 'added'), '');
  expect(await modeOf(join(folder, 'open'))).toBe(0o666 & open);
  expect(await modeOf(join(folder, 'secret'))).toBe(0o640 & open);
  expect(await modeOf(join(folder, 'added'))).toBe(0o666 & open);
});

it('temporary names cannot be guessed, and are known again', () => {
  const names = [1, 2].map(() => basename(temporaryName('out/plan.json')));
  expect(names[0]).toMatch(/^\.plan\.json\.\d+-[0-9a-f]{16}\.tmp$/);
  expect(names[0]).not.toBe(names[1]);
  expect(names.every(isTemporaryName)).toBe(true);
});

it('whoever writes files creates new ones, or leaves it to this module', () => {
  const source = fileURLToPath(new URL('../../../src/', import.meta.url));
  const calls = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && name !== 'core/files/durable-file.ts')
    .flatMap((name) =>
      writingCalls(readFileSync(join(source, name), 'utf8')).map((call) => `${name}: ${call}`),
    );
  expect(calls.length).toBeGreaterThan(3);
  expect(calls.filter((call) => !call.includes("'wx'"))).toEqual([]);
});

/** Lines that write to a name with the functions of Node. */
function writingCalls(text: string): string[] {
  const isOfNode = /import \{[^}]*\bwriteFile\b[^}]*\} from 'node:fs/.test(text);
  const call = isOfNode
    ? /(?<![.\w])(?:createWriteStream|writeFile|writeFileSync|appendFile|appendFileSync)\(/
    : /(?<![.\w])(?:createWriteStream|writeFileSync|appendFile|appendFileSync)\(/;
  return text.split('\n').filter((line) => call.test(line));
}
