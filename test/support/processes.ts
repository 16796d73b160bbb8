import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

// Linux tells of all processes in /proc; the tests that end processes need it.

/** The processes that a process has started and that live. */
export function childrenOf(pid: number): number[] {
  return allProcesses().filter((each) => parentOf(each) === pid);
}

/** The processes whose working folder this is: the commands started there, and their children. */
export function processesIn(folder: string): number[] {
  return allProcesses().filter((pid) => {
    try {
      return readlinkSync(`/proc/${pid}/cwd`) === folder;
    } catch {
      return false;
    }
  });
}

/** Waits until no process works in a folder; returns those that do not end. */
export async function leftoversIn(folder: string, patienceMs = 60_000): Promise<number[]> {
  const endsAt = Date.now() + patienceMs;
  for (;;) {
    const left = processesIn(folder);
    if (left.length === 0 || Date.now() > endsAt) return left;
    await sleep(10);
  }
}

/** Waits until something is there. */
export async function until<T>(find: () => T | undefined | false, patienceMs = 120_000): Promise<T> {
  const endsAt = Date.now() + patienceMs;
  for (;;) {
    const found = find();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > endsAt) throw new Error(`nothing came within ${patienceMs} ms`);
    await sleep(5);
  }
}

function allProcesses(): number[] {
  return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? Number(name) : []));
}

function parentOf(pid: number): number {
  try {
    // The command's name, in parentheses, may hold anything.
    const [state, parent] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return state === 'Z' ? -1 : Number(parent);
  } catch {
    return -1;
  }
}
