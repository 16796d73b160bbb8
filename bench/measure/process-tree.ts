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

function readProc(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It ended between two looks.
    return '';
  }
}
