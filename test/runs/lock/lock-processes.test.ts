import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../src/core/effects.ts';
import { locksFolder } from '../../../src/runs/layout.ts';
import { acquireLock, readHolder } from '../../../src/runs/lock/lock.ts';
import { claimPath } from '../../../src/runs/lock/lock-claim.ts';
import { temporaryFolder } from '../sample-run.ts';
import { Claimant, type ClaimantProgram, compileClaimant } from './claimants.ts';

let program: ClaimantProgram;
beforeAll(async () => {
  program = await compileClaimant();
}, 60_000);
afterAll(() => program?.remove());

test('of many processes exactly one takes a lock, again and again, and tokens only grow', {
  timeout: 60_000,
}, async () => {
  const job = await temporaryFolder();
  let claimants = await Promise.all(Array.from({ length: 10 }, () => Claimant.start(program, job)));
  const lineages = new Set<string>();
  let highest = 0;
  for (let round = 0; claimants.length > 1; round++) {
    const answers = await Promise.all(claimants.map((claimant) => claimant.ask('acquire')));
    const winners = claimants.filter((_, index) => hasToken(answers[index]));
    expect(winners).toHaveLength(1);
    for (const answer of answers) {
      if (!hasToken(answer)) {
        expect(answer).toEqual({ code: 'LOCKED' });
        continue;
      }
      expect(answer.token).toBeGreaterThan(highest);
      highest = answer.token;
      lineages.add(answer.lineage);
    }
    // In turn the holder is killed, and lets go.
    if (round % 2 === 0) {
      await winners[0]?.kill();
      claimants = claimants.filter((claimant) => claimant !== winners[0]);
    } else {
      expect(await winners[0]?.ask('release')).toBe('released');
    }
  }
  expect(lineages.size).toBe(1);
});

test('the lock of a process that was killed is free at once', async () => {
  const job = await temporaryFolder();
  const holder = await Claimant.start(program, job);
  const taken = await holder.ask('acquire');
  expect((await readHolder(job))?.runPid).toBe(holder.pid);
  await expect(acquireLock(job, { clock: systemClock })).rejects.toMatchObject({
    code: 'LOCKED',
    retryable: true,
    fields: { pid: holder.pid },
    message: expect.stringContaining(`kill ${holder.pid}`),
  });
  await holder.kill();
  expect(await readHolder(job)).toBeUndefined();
  const lock = await acquireLock(job, { clock: systemClock });
  expect(hasToken(taken) && lock.token > taken.token && lock.lineage === taken.lineage).toBe(true);
  await lock.release();
});

test('a killed process that nobody has waited for holds nothing', async () => {
  const job = await temporaryFolder();
  const lock = await acquireLock(job, { clock: systemClock });
  const path = claimPath(locksFolder(job), lock.token);
  const claim: object = JSON.parse(await readFile(path, 'utf8'));
  await lock.release();
  // The shell becomes a program that never waits for the child that it leaves behind.
  const parent = spawn('sh', ['-c', 'sleep 600 & echo $!; exec sleep 600'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => void parent.kill('SIGKILL'));
  const [printed] = await once(parent.stdout, 'data');
  const pid = Number(String(printed));
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const startTicks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  await writeFile(path, JSON.stringify({ ...claim, runPid: pid, startTicks }));
  expect((await readHolder(job))?.runPid).toBe(pid);
  process.kill(pid, 'SIGKILL');
  await expect.poll(() => readFile(`/proc/${pid}/stat`, 'utf8')).toMatch(/\) Z/);
  expect(await readHolder(job)).toBeUndefined();
});

function hasToken(answer: unknown): answer is { readonly token: number; readonly lineage: string } {
  return typeof answer === 'object' && answer !== null && 'token' in answer;
}
