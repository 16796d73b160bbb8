import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { cgroupLimits, type ReadText } from './cgroup.ts';

/** What of the machine this process may use. */
export interface MachineLimits {
  /** Processors to plan with: as many processes keep all of the allowed time busy. At least 1. */
  readonly cpus: number;
  readonly memoryBytes: number;
  /** Processors that this process may run on, by its affinity (`taskset`, CPU sets). */
  readonly affinityCpus: number;
  /** Processor time that its control groups allow: 1.5 is one and a half processors. Null: all. */
  readonly quotaCpus: number | null;
  readonly machineMemoryBytes: number;
}

/** What the limits are read from. */
export interface MachineSource {
  readonly read: ReadText;
  /** As Node counts them; taken where Linux does not say. */
  readonly nodeCpus: number;
  readonly memoryBytes: number;
}

/**
 * The limits of this process at this moment. They are read anew at each call, which takes less than a
 * millisecond: those of a container can change while it runs.
 *
 * A quota that is no whole number is rounded up, as Go and the JVM do: with 1.5 processors one process
 * would leave a third of the time unused, while two are only slowed down a little now and then, for which
 * nobody waits in a batch.
 */
export function machineLimits(source: MachineSource = thisMachine()): MachineLimits {
  const { cpus: quotaCpus, memoryBytes: limit } = cgroupLimits(source.read);
  const affinityCpus = affinityOf(source.read('/proc/self/status')) ?? source.nodeCpus;
  return {
    cpus: Math.max(1, Math.min(affinityCpus, Math.ceil(quotaCpus ?? affinityCpus))),
    memoryBytes: Math.min(source.memoryBytes, limit ?? source.memoryBytes),
    affinityCpus,
    quotaCpus,
    machineMemoryBytes: source.memoryBytes,
  };
}

function thisMachine(): MachineSource {
  return { read: readText, nodeCpus: availableParallelism(), memoryBytes: totalmem() };
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

/**
 * Processors in `Cpus_allowed_list: 0-3,8`. Not Node's own count: newer versions of Node take a quota off
 * it, rounded down, and the same container would then get another number of processes.
 */
function affinityOf(status: string | null): number | null {
  const list = /^Cpus_allowed_list:\s*([\d,-]+)\s*$/m.exec(status ?? '')?.[1];
  if (list === undefined) return null;
  return list
    .split(',')
    .map((range) => range.split('-').map(Number))
    .reduce((sum, [first = 0, last = first]) => sum + last - first + 1, 0);
}
