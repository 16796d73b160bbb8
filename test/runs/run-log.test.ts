import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../../src/core/effects.ts';
import { LogReader } from '../../src/history/run-log-lines.ts';
import { RunLog } from '../../src/runs/run-log.ts';
import { fixedClock, temporaryFolder } from './sample-run.ts';

const clock = fixedClock('2026-11-21T00:00:03.250Z');
const mask = (line: string): string => line.replaceAll('secret-word', '***');

async function newLog(mostBytes?: number) {
  const folder = join(await temporaryFolder(), 'run');
  const path = join(folder, 'log.jsonl');
  const told: string[] = [];
  const also = { ...silentLog, warn: (message: string) => void told.push(message) };
  return { folder, path, told, log: new RunLog({ clock, mask, also }, mostBytes) };
}

async function messages(path: string): Promise<string[]> {
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  return lines.map((line) => (JSON.parse(line) as { readonly msg: string }).msg);
}

describe('the log of a run', () => {
  it('has the lines from before the run had a folder, tells the other log, and no secrets', async () => {
    const { folder, path, told, log } = await newLog();
    log.warn('the password is secret-word', { url: 'redis://:secret-word@cache' });
    log.begin(path);
    log.info('planned');
    await mkdir(folder);
    log.note('debug', 'shard 0 is committed', { shard: 0 });
    const [first = '', ...others] = (await readFile(path, 'utf8')).trimEnd().split('\n');
    expect(JSON.parse(first)).toEqual({
      level: 40,
      time: '2026-11-21T00:00:03.250Z',
      pid: process.pid,
      url: 'redis://:***@cache',
      msg: 'the password is ***',
    });
    expect(others).toHaveLength(2);
    expect(told).toEqual(['the password is secret-word']);
  });

  it('of another command of the same run goes on behind it', async () => {
    const { folder, path, log } = await newLog();
    await mkdir(folder);
    log.begin(path);
    log.info('one');
    const next = new RunLog({ clock, mask, also: silentLog });
    next.begin(path);
    next.info('two');
    expect(await messages(path)).toEqual(['one', 'two']);
  });

  it('is limited: it goes on in a new file, and says so', async () => {
    const { folder, path, log } = await newLog(1000);
    await mkdir(folder);
    log.begin(path);
    const reader = new LogReader(path);
    const seen: string[] = [];
    for (let index = 0; index < 40; index++) {
      log.info(`line ${index}`);
      if (index % 7 === 0) seen.push(...(await reader.next()));
    }
    seen.push(...(await reader.next()));
    const [mark, ...newest] = await messages(path);
    expect(mark).toContain('the log goes on here: it had reached 1000 bytes');
    expect(newest.at(-1)).toBe('line 39');
    expect((await readFile(path)).length).toBeLessThan(1200);
    // Whoever follows it misses none.
    const lines = seen.map((line) => (JSON.parse(line) as { readonly msg: string }).msg);
    expect(lines.filter((line) => line.startsWith('line '))).toEqual(
      Array.from({ length: 40 }, (_, index) => `line ${index}`),
    );
    // Whoever comes later sees what is kept.
    const kept = await new LogReader(path).next();
    expect(kept.length).toBeLessThan(30);
    expect(kept.at(-1)).toContain('line 39');
  });

  it('that cannot be written fails nothing', async () => {
    const { log } = await newLog();
    log.begin('/proc/none/log.jsonl');
    log.info('one');
    log.begin('/');
    log.info('two');
  });
});

it('a link in the place of the log is not followed, and fails nothing', async () => {
  const { folder, path, log } = await newLog();
  await mkdir(folder);
  const victim = join(folder, 'victim');
  await writeFile(victim, 'mine');
  await symlink(victim, path);
  log.begin(path);
  log.info('planned');
  expect(await readFile(victim, 'utf8')).toBe('mine');
});
