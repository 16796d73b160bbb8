import type { JobSpec } from '../../config/job-spec.ts';
import { ServeBatchError } from '../../core/errors.ts';
import type { DeviceChoice, GpuDevice } from '../../core/machine/device.ts';
import { type ProbedDevice, probeDevices } from '../../devices/probe-devices.ts';
import { type ProbeOutcome, tryDevice } from '../../devices/try-device.ts';
import { type Check, failure, finding } from './check.ts';

/** Shorter than a run's, as somebody waits; drivers may compile for some seconds. */
const TIMEOUT_MS = 30_000;

type Job = Pick<JobSpec, 'name'> & { readonly execution: Pick<JobSpec['execution'], 'device'> };

/** Tries every device of this platform, each with a tiny network in a process of its own. */
export async function checkDevices(jobs: readonly Job[], signal: AbortSignal): Promise<readonly Check[]> {
  const probe = (device: GpuDevice): Promise<ProbeOutcome> =>
    tryDevice({ device, options: {}, model: null }, { signal, timeoutMs: TIMEOUT_MS });
  return describeDevices(await probeDevices({ signal, probe }), jobs);
}

/** The CPU is always there: that another device is not is a fault only where a job names it. Pure. */
export function describeDevices(
  probed: readonly ProbedDevice[],
  jobs: readonly Job[] = [],
): readonly Check[] {
  const others = jobs.map(({ execution }) => execution.device).filter((device) => !isKnown(device, probed));
  return [
    finding('ok', 'cpu', 'works everywhere'),
    ...probed.map((each) => describeDevice(each, namesOf(each.device, jobs))),
    ...[...new Set(others)].map((device) =>
      missing(
        device,
        `onnxruntime-node has none for ${process.platform} on ${process.arch}`,
        namesOf(device, jobs),
      ),
    ),
  ];
}

function isKnown(device: DeviceChoice, probed: readonly ProbedDevice[]): boolean {
  return device === 'auto' || device === 'cpu' || probed.some((each) => each.device === device);
}

function namesOf(device: DeviceChoice, jobs: readonly Job[]): readonly string[] {
  return jobs.filter(({ execution }) => execution.device === device).map(({ name }) => name);
}

function describeDevice(probed: ProbedDevice, jobs: readonly string[]): Check {
  const { device, state, adapter, why, advice, seconds } = probed;
  const facts = { state, adapter: adapter ?? null, seconds: seconds ?? null };
  if (state === 'unavailable') {
    const text = `${why ?? 'the reason is unknown'}${advice === undefined ? '' : `. ${advice}`}`;
    return jobs.length > 0
      ? missing(device, text, jobs)
      : finding('info', device, `cannot be had: ${text}`, facts);
  }
  const on = adapter === undefined ? '' : ` on ${adapter}`;
  const took = seconds === undefined ? '' : `, tried in ${seconds} s`;
  const text = `answers as the CPU does${on}${took}`;
  return why === undefined
    ? finding('ok', device, text, facts)
    : finding('info', device, `${text}; auto leaves it alone: ${why}`, facts);
}

function missing(device: DeviceChoice, why: string, jobs: readonly string[]): Check {
  const message = `wanted by ${jobs.join(', ')}, and cannot be had: ${why}`;
  return failure(device, new ServeBatchError('DEVICE_UNAVAILABLE', message), { state: 'unavailable' });
}
