import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { systemErrorCode } from '../../core/errors.ts';

/** What tells one process from every other one, also from a later one with the same number. */
export interface ProcessIdentity {
  readonly runPid: number;
  readonly host: string;
  /** Clock ticks from the boot to the start of the process; null where there is no /proc. */
  readonly startTicks: number | null;
  /** Changes with every boot of the machine; null where it cannot be known. */
  readonly bootId: string | null;
  /** Process numbers mean something within one namespace only: every container has its own process 1. */
  readonly pidNamespace: string | null;
}

export async function ownIdentity(): Promise<ProcessIdentity> {
  const entry = await readProcess(process.pid);
  return {
    runPid: process.pid,
    host: hostname(),
    startTicks: entry?.startTicks ?? null,
    bootId: await orNull(async () => (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()),
    pidNamespace: await orNull(() => readlink('/proc/self/ns/pid')),
  };
}

/** Whether a process of this machine and namespace still runs; a zombie does not. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  const entry = await readProcess(identity.runPid);
  if (entry === undefined) return canBeSignalled(identity.runPid);
  if (entry.ended) return false;
  return identity.startTicks === null || identity.startTicks === entry.startTicks;
}

/** Undefined where there is no /proc, no such process, or it is hidden. */
async function readProcess(
  pid: number,
): Promise<{ readonly startTicks: number; readonly ended: boolean } | undefined> {
  const text = await orNull(() => readFile(`/proc/${pid}/stat`, 'utf8'));
  if (text === null) return undefined;
  // The second field is the program's name in brackets, with any characters in it. proc(5): state is
  // field 3, the start time field 22.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { startTicks: Number(fields[19]), ended: /^[ZXx]/.test(fields[0] ?? '') };
}

function canBeSignalled(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) !== 'ESRCH';
  }
}

async function orNull<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch {
    return null;
  }
}
