import type { GpuDevice } from '../core/machine/device.ts';
import { devicesOf, installAdvice, lookFor } from '../inference/devices/platform-devices.ts';
import { type Surroundings, surroundings } from '../inference/devices/surroundings.ts';
import { type ProbeOutcome, tryDevice } from './try-device.ts';

const TIMEOUT_MS = 60_000;

/** What a machine can do with one device. */
export interface ProbedDevice {
  readonly device: GpuDevice;
  readonly state: 'usable' | 'unavailable';
  /** The graphics card, where it can be seen. */
  readonly adapter?: string;
  /** Why it is unavailable, or why `auto` would not take it. */
  readonly why?: string;
  /** How it is installed, where it is unavailable. */
  readonly advice?: string;
  /** What starting it and two calls of a tiny network took; the first call compiles. */
  readonly seconds?: number;
}

/**
 * Tries every device that onnxruntime-node has for this platform, one after the other, each with a tiny
 * network and in a process of its own. Throws only the reason of the signal.
 */
export async function probeDevices(
  options: {
    readonly signal?: AbortSignal;
    readonly here?: Surroundings;
    /** Instead of a process, in tests. */
    readonly probe?: (device: GpuDevice) => Promise<ProbeOutcome>;
  } = {},
): Promise<readonly ProbedDevice[]> {
  const { signal = new AbortController().signal, here = surroundings() } = options;
  const probe =
    options.probe ??
    ((device) => tryDevice({ device, options: {}, model: null }, { signal, timeoutMs: TIMEOUT_MS }));
  const probed: ProbedDevice[] = [];
  for (const device of devicesOf(here)) probed.push(await probeOne(device, here, probe));
  return probed;
}

async function probeOne(
  device: GpuDevice,
  here: Surroundings,
  probe: (device: GpuDevice) => Promise<ProbeOutcome>,
): Promise<ProbedDevice> {
  const { missing, doubt, adapter } = await lookFor(device, here);
  const unavailable = (why: string): ProbedDevice => ({
    device,
    state: 'unavailable',
    why,
    advice: installAdvice(device, here),
  });
  if (missing !== null) return unavailable(missing);
  const start = performance.now();
  const outcome = await probe(device);
  if (outcome.state === 'failed') return unavailable(outcome.why);
  if (outcome.result.difference !== null)
    return unavailable(`it answers wrongly: ${outcome.result.difference}`);
  return {
    device,
    state: 'usable',
    seconds: Math.round(performance.now() - start) / 1000,
    ...(adapter === null ? {} : { adapter }),
    ...(doubt === null ? {} : { why: doubt }),
  };
}
