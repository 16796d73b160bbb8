import { readFile, utimes, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { locksFolder } from '../../src/runs/layout.ts';
import { claimPath, highestToken } from '../../src/runs/lock/lock-claim.ts';
import type { RunningCli } from '../../test/support/cli.ts';
import { childrenOf } from '../../test/support/processes.ts';
import type { Victim } from './options.ts';

/** Beyond the silence after which a holder on another machine counts as dead. */
const SILENT_SECONDS = 120;

/** Whether it struck: what has ended by itself cannot be struck. A child is waited for until there is one. */
export async function strike(running: RunningCli, victim: Victim, random: () => number): Promise<boolean> {
  switch (victim) {
    case 'parent':
      return isAlive(running) && signal(running.pid, 'SIGKILL');
    case 'child':
      return strikeChild(running, random);
    case 'group':
      return isAlive(running) && signal(-running.pid, 'SIGKILL');
    case 'stop':
      return isAlive(running) && signal(-running.pid, 'SIGSTOP');
  }
}

async function strikeChild(running: RunningCli, random: () => number): Promise<boolean> {
  while (isAlive(running)) {
    const children = childrenOf(running.pid);
    const child = children[Math.floor(random() * children.length)];
    if (child !== undefined) return signal(child, 'SIGKILL');
    await sleep(CHILD_PAUSE_MS);
  }
  return false;
}

const CHILD_PAUSE_MS = 10;

function isAlive({ process }: RunningCli): boolean {
  return process.exitCode === null && process.signalCode === null;
}

export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}

/**
 * Makes the lock that a stopped process holds look as if its holder were on another machine, and silent for long:
 * as it is for a virtual machine that was paused. False where it does not hold the lock (yet, or any more).
 */
export async function makeSilent(folderOfJob: string, pid: number): Promise<boolean> {
  const folder = locksFolder(folderOfJob);
  const path = claimPath(folder, await highestToken(folder));
  const claim = JSON.parse(await readFile(path, 'utf8').catch(() => '{}')) as { runPid?: number };
  if (claim.runPid !== pid) return false;
  await writeFile(path, JSON.stringify({ ...claim, host: 'elsewhere' }));
  const then = Date.now() / 1000 - SILENT_SECONDS;
  await utimes(path, then, then);
  return true;
}
