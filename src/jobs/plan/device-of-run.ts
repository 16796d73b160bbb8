import type { JobSpec } from '../../config/job-spec.ts';
import { CPU, type DevicePlan } from '../../core/machine/device.ts';
import type { RunSummary } from '../../runs/list/run-summary.ts';
import { processesOf } from '../limits/processes.ts';

/**
 * Whether an earlier run of the same identity was computed where the job wants it. The identity of `auto`
 * and of `cpu` is the same, so that runs are the same on every machine; but who asks for the CPU does
 * not want the bits of a GPU.
 */
export function isOnWantedDevice(run: RunSummary, { execution }: Pick<JobSpec, 'execution'>): boolean {
  return execution.device !== 'cpu' || (run.plan?.device ?? run.record?.device ?? CPU).name === 'cpu';
}

/** Shards that are computed at the same time: on a GPU one child feeds the device, unless the job says more. */
export function shardsAtOnce(spec: Pick<JobSpec, 'execution'>, device: Pick<DevicePlan, 'name'>): number {
  return device.name === 'cpu' ? processesOf(spec) : (spec.execution.processes ?? 1);
}
