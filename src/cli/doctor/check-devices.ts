import type { GpuDevice } from '../../core/device.ts';
import { type ProbedDevice, probeDevices } from '../../pipeline/probe-devices.ts';
import { type ProbeOutcome, tryDevice } from '../../pipeline/try-device.ts';
import { type Check, finding } from './check.ts';

/** Shorter than a run's, as somebody waits; drivers may compile for some seconds. */
const TIMEOUT_MS = 30_000;

/** Tries every device of this platform, each with a tiny network in a process of its own. */
export async function checkDevices(signal: AbortSignal): Promise<readonly Check[]> {
  const probe = (device: GpuDevice): Promise<ProbeOutcome> =>
    tryDevice({ device, options: {}, model: null }, { signal, timeoutMs: TIMEOUT_MS });
  return describeDevices(await probeDevices({ signal, probe }));
}

/** The CPU is always there: that another device is not is no fault, until a job asks for it. Pure. */
export function describeDevices(probed: readonly ProbedDevice[]): readonly Check[] {
  return [finding('ok', 'cpu', 'works everywhere'), ...probed.map(describeDevice)];
}

function describeDevice({ device, state, adapter, why, advice, seconds }: ProbedDevice): Check {
  const facts = { state, adapter: adapter ?? null, seconds: seconds ?? null };
  if (state === 'unavailable') {
    const text = `cannot be had: ${why ?? 'the reason is unknown'}${advice === undefined ? '' : `. ${advice}`}`;
    return finding('info', device, text, facts);
  }
  const on = adapter === undefined ? '' : ` on ${adapter}`;
  const took = seconds === undefined ? '' : `, tried in ${seconds} s`;
  const text = `answers as the CPU does${on}${took}`;
  return why === undefined
    ? finding('ok', device, text, facts)
    : finding('info', device, `${text}; auto leaves it alone: ${why}`, facts);
}
