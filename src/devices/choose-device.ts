import type { Log } from '../core/effects.ts';
import { CPU, type DevicePlan, type GpuDevice, type PassedOver } from '../core/machine/device.ts';
import type { DraftPlan } from '../core/plan.ts';
import { nothingToCompute, unavailable } from '../inference/devices/device-errors.ts';
import { whyNoGpu } from '../inference/devices/gpu-kernels.ts';
import { devicesOf, lookFor } from '../inference/devices/platform-devices.ts';
import type { Surroundings } from '../inference/devices/surroundings.ts';
import type { Operator } from '../inference/onnx/onnx-file.ts';
import type { ProbeResult } from './probe-messages.ts';
import type { ProbeOutcome } from './try-device.ts';

/**
 * Rows that a device is tried with: under `auto` as many as a batch of a GPU may well have, since small
 * ones say nothing of its speed; a device that was named only has to show that it works.
 */
export const PROBE_ROWS = { auto: 4096, named: 64 } as const;

export interface ChooseRequest {
  readonly draft: Pick<DraftPlan, 'device' | 'model' | 'input'>;
  readonly here: Surroundings;
  /** Of the model's graph; read where a GPU is at hand. */
  readonly operators: () => Promise<readonly Operator[]>;
  /** Tries a device with the plan's model on `rows` rows of its input. */
  readonly probe: (device: GpuDevice, rows: number) => Promise<ProbeOutcome>;
  /** Children that would score side by side on the CPU. */
  readonly processes: number;
  readonly log: Log;
}

/**
 * The device of a new run. `auto` takes the best that works, answers as the CPU does and is faster than
 * it; where no graphics card can be seen it loads and tries nothing. Throws `DEVICE_UNAVAILABLE` where a
 * device was named.
 */
export async function chooseDevice(request: ChooseRequest): Promise<DevicePlan> {
  const { name, options } = request.draft.device;
  if (name === 'cpu') return CPU;
  return name === 'auto' ? chooseBest(request) : useNamed(request, { ...CPU, name, options });
}

async function chooseBest(request: ChooseRequest): Promise<DevicePlan> {
  const passedOver: PassedOver[] = [];
  let chosen: DevicePlan = CPU;
  for (const device of devicesOf(request.here)) {
    const found = await tryUnasked(request, device);
    if (typeof found !== 'string') {
      chosen = found;
      break;
    }
    passedOver.push({ device, why: found });
  }
  request.log.debug(`device: ${chosen.name}`, { adapter: chosen.adapter, passedOver });
  return { ...chosen, passedOver };
}

/** The device, or why it is not taken. */
async function tryUnasked(request: ChooseRequest, device: GpuDevice): Promise<DevicePlan | string> {
  const { here, draft, operators, processes } = request;
  const { missing, doubt, adapter } = await lookFor(device, here);
  const reason =
    missing ?? doubt ?? whyTooSmall(draft.input) ?? whyNoGpu(await operators(), draft.model.signature);
  if (reason !== null) return reason;
  const outcome = await request.probe(device, PROBE_ROWS.auto);
  if (outcome.state === 'failed') return outcome.why;
  const { result } = outcome;
  const fault = whyNotTaken(result, processes);
  return fault ?? { ...CPU, name: device, adapter, cpuNodes: result.placement?.cpuNodes ?? null };
}

/** Trying a device takes seconds, which fewer rows do not win back unless the model is a very slow one. */
const LEAST_ROWS = 20_000;

function whyTooSmall({ rows }: Pick<DraftPlan['input'], 'rows'>): string | null {
  return rows < LEAST_ROWS ? `for ${rows} rows it is not worth trying` : null;
}

/** What speaks against a device that works; null: nothing. */
export function whyNotTaken(result: ProbeResult, processes: number): string | null {
  const { difference, rows, placement, cpuMs, deviceMs } = result;
  if (rows === 0) return 'the input has no row to try it with';
  if (placement !== null && placement.cpuNodes === placement.nodes) return 'no part of the model runs on it';
  if (difference !== null) return `it gives other predictions than the CPU: ${difference}`;
  // On the CPU every core scores a batch of its own meanwhile.
  if (deviceMs * processes <= cpuMs) return null;
  const times = `${rows} rows took ${deviceMs.toFixed(1)} ms there, and ${cpuMs.toFixed(1)} ms on one of ${processes} CPU processes`;
  return `it is slower than the CPU: ${times}`;
}

async function useNamed(
  { draft, here, log, operators, probe }: ChooseRequest,
  wanted: DevicePlan,
): Promise<DevicePlan> {
  const device = wanted.name as GpuDevice;
  const nothing = whyNoGpu(await operators(), draft.model.signature);
  if (nothing !== null) throw nothingToCompute(draft.model.path, device, nothing);
  const { missing, doubt, adapter } = await lookFor(device, here);
  if (missing !== null) throw unavailable(device, missing, here);
  const outcome = await probe(device, PROBE_ROWS.named);
  if (outcome.state === 'failed') throw unavailable(device, outcome.why, here);
  const { difference, placement } = outcome.result;
  if (placement !== null && placement.cpuNodes === placement.nodes)
    throw nothingToCompute(
      draft.model.path,
      device,
      `all ${placement.nodes} nodes of its graph are left to the CPU`,
    );
  if (difference !== null) log.warn(`${device} gives other predictions than the CPU: ${difference}`);
  if (doubt !== null) log.warn(`${device}: ${doubt}`);
  return { ...wanted, adapter, cpuNodes: placement?.cpuNodes ?? null };
}
