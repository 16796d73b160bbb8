import { type MachineLimits, machineLimits } from '../../core/machine/machine-limits.ts';
import { formatBytes, formatCount } from '../render/format.ts';
import { type Check, finding } from './check.ts';

/** What a child and the parent take at least, as docs/deploy-kubernetes.md says. */
const PROCESS_BYTES = 150e6;

/** Cores and memory as the container limits them. */
export function checkMachine(limits: MachineLimits = machineLimits()): readonly Check[] {
  return [checkCores(limits), checkMemory(limits)];
}

function checkCores({ cpus, affinityCpus, quotaCpus }: MachineLimits): Check {
  const isLimited = quotaCpus !== null && quotaCpus < affinityCpus;
  const rounded = isLimited && quotaCpus < cpus ? ', rounded up' : '';
  const text = isLimited
    ? `${cpus} of ${affinityCpus}: a quota allows the time of ${formatQuota(quotaCpus)}${rounded}`
    : formatCount(cpus);
  return finding('ok', 'cores', text, { cpus, affinityCpus, quotaCpus });
}

function formatQuota(quota: number): string {
  return String(Number(quota.toFixed(2)));
}

function checkMemory({ cpus, memoryBytes, machineMemoryBytes }: MachineLimits): Check {
  const isLimited = memoryBytes < machineMemoryBytes;
  const text = isLimited
    ? `${formatBytes(memoryBytes)} of ${formatBytes(machineMemoryBytes)}: a limit of its control group`
    : formatBytes(memoryBytes);
  const facts = { memoryBytes, machineMemoryBytes };
  const neededBytes = (cpus + 1) * PROCESS_BYTES;
  if (memoryBytes >= neededBytes) return finding('ok', 'memory', text, facts);
  const advice = `one process per core needs at least ${formatBytes(neededBytes)}, and the model on top. Set execution.processes lower`;
  return finding('warn', 'memory', `${text}; ${advice}`, facts);
}
