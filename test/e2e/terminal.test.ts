import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../runs/sample-run.ts';
import { assertBuilt, MAIN } from '../support/built.ts';
import { cleanEnvironment } from '../support/cli.ts';

/** `script` of util-linux gives a command a terminal: others of the name have other flags. */
const HAS_TERMINAL = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux');

/** What a command writes to a terminal, standard output and error in one. */
async function onTerminal(folder: string, args: readonly string[]): Promise<string> {
  assertBuilt();
  const command = [process.execPath, MAIN, ...args].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    cwd: folder,
    env: { ...cleanEnvironment(), TERM: 'xterm', SHELL: '/bin/sh' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
  });
  await once(child, 'close');
  return shown;
}

it.skipIf(!HAS_TERMINAL)('shows sequences of names and values as text on a terminal', async () => {
  const folder = await temporaryFolder();
  const name = 'price\x1b[2J\x1b[31m';
  const value = '\x1b]0;title\x07\x1b[32mok\x1b[0m';
  await writeFile(join(folder, 'table.csv'), `id,${name}\n1,${value}\n`);
  const shown = await onTerminal(folder, ['inspect', 'table.csv', '--rows', '1']);
  expect(shown).toContain('price\\x1b[2J\\x1b[31m');
  expect(shown).toContain('\\x1b]0;title\\x07\\x1b[32mok\\x1b[0m');
  expect(shown).not.toContain('\x1b');
});
