import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { EXIT } from '../../src/core/errors.ts';
import { readProjectFile } from './deploy-files.ts';

const lines = readProjectFile('deploy/crontab').split('\n');
const entries = lines.filter((line) => /^[*\d]/.test(line));
const [, times = '', command = ''] = /^((?:\S+ ){5})(.*)$/.exec(entries[0] ?? '') ?? [];
const folder = mkdtempSync(join(tmpdir(), 'serve-batch-cron-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What cron would mail: the output of the command, with a program in the place of serve-batch. */
function mailAfter(exitCode: number): string {
  writeFileSync(join(folder, 'serve-batch'), `#!/bin/sh\necho "logs of $*"\nexit ${exitCode}\n`);
  chmodSync(join(folder, 'serve-batch'), 0o755);
  rmSync(join(folder, 'tick.log'), { force: true });
  const { stdout, stderr } = spawnSync('/bin/sh', ['-c', command.replaceAll('/srv/forecasts', folder)], {
    env: { PATH: `${folder}${delimiter}/usr/bin${delimiter}/bin` },
    encoding: 'utf8',
  });
  return stdout + stderr;
}

describe('deploy/crontab', () => {
  it('has one entry, every five minutes, and no % (a line break for cron)', () => {
    expect(entries).toHaveLength(1);
    expect(times).toBe('*/5 * * * * ');
    expect(command).not.toContain('%');
  });

  it('sets PATH and MAILTO before it', () => {
    const names = lines.flatMap((line) => /^([A-Z]+)=/.exec(line)?.[1] ?? []);
    expect(names).toEqual(['PATH', 'MAILTO']);
  });

  it.each([EXIT.done, EXIT.locked])('mails nothing after exit code %i, and keeps the log', (exitCode) => {
    expect(mailAfter(exitCode)).toBe('');
    expect(readFileSync(join(folder, 'tick.log'), 'utf8')).toBe('logs of tick\n');
  });

  it.each([EXIT.unexpected, EXIT.usage, EXIT.overLimit])('mails one line after exit code %i', (exitCode) => {
    expect(mailAfter(exitCode)).toBe(
      `serve-batch tick failed with exit code ${exitCode}: see ${join(folder, 'tick.log')}\n`,
    );
  });
});
