import { readFileSync } from 'node:fs';

/** A process as /proc shows it; bytes. */
export interface ProcessState {
  readonly pid: number;
  readonly residentBytes: number;
  /** The most that was ever resident (VmHWM): the kernel keeps it, so that polling misses no peak. */
  readonly peakResidentBytes: number;
  /** Resident pages that belong to no file: what the kernel cannot simply drop. */
  readonly anonymousBytes: number;
}

/** A process and all below it that are alive. Linux only. */
export function readProcessTree(root: number): readonly ProcessState[] {
  const found: ProcessState[] = [];
  const open = [root];
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    const state = readProcess(pid);
    if (state !== null) found.push(state);
    open.push(...childrenOf(pid));
  }
  return found;
}

/** Null where it has ended, or is about to. */
function readProcess(pid: number): ProcessState | null {
  const status = readProc(`/proc/${pid}/status`);
  const bytes = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0) * 1024;
  const residentBytes = bytes('VmRSS');
  if (residentBytes === 0) return null;
  return {
    pid,
    residentBytes,
    peakResidentBytes: bytes('VmHWM'),
    anonymousBytes: bytes('RssAnon'),
  };
}

/** Node, bash and Python start processes from their first thread. */
function childrenOf(pid: number): number[] {
  return readProc(`/proc/${pid}/task/${pid}/children`)
    .split(' ')
    .filter((text) => text !== '')
    .map(Number);
}

// USER_HZ, what /proc counts in: 100 on every Linux that Node runs on.
const TICKS_PER_SECOND = 100;

/** CPU seconds of one process and of its children that ended, so far. */
export function cpuSecondsOf(pid: number): number {
  const stat = readProc(`/proc/${pid}/stat`);
  // The name, in brackets, may have spaces. Then: state is field 3, utime to cstime are fields 14 to 17.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_SECOND;
}

function readProc(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It ended between two looks.
    return '';
  }
}
