import type { SerializedError } from '../core/errors.ts';
import type { DeviceOptions, GpuDevice } from '../core/machine/device.ts';
import type { Plan } from '../core/plan.ts';
import type { NodePlacement } from '../inference/devices/node-placement.ts';

/** What a process that tries a device is asked; it answers once, and ends. */
export interface ProbeRequest {
  readonly device: GpuDevice;
  readonly options: DeviceOptions;
  /** Null: with a network that is built in. */
  readonly model: ProbeModel | null;
}

export interface ProbeModel {
  /** Not written yet; its batch size and device do not matter. */
  readonly plan: Plan;
  readonly temporaryFolder: string;
  readonly memoryLimit: string;
  /** Rows of the input that are scored, at most. */
  readonly rows: number;
}

export interface ProbeResult {
  /** How the device's answers differ from the CPU's; null: they do not. */
  readonly difference: string | null;
  /** Rows that both scored; 0 where the input has none that can be. */
  readonly rows: number;
  /** One call with these rows, after one that was not counted, in milliseconds. */
  readonly cpuMs: number;
  readonly deviceMs: number;
  /** Null where the model is the built-in one, or it cannot be known. */
  readonly placement: NodePlacement | null;
}

export type ProbeMessage = { readonly result: ProbeResult } | { readonly error: SerializedError };
