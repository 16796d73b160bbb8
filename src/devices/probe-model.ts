import { ONNX_RUNTIME } from '../core/engine.ts';
import type { GpuDevice } from '../core/machine/device.ts';
import { CPU } from '../core/machine/device.ts';
import type { DraftPlan } from '../core/plan.ts';
import { DEFAULT_BATCH_SIZE } from '../tuning/choose-batch-size.ts';
import type { ProbeModel } from './probe-messages.ts';
import { type ProbeOutcome, tryDevice } from './try-device.ts';

/** Tries a device with the model of a plan, on the first rows of its input. */
export function probeModel(
  device: GpuDevice,
  draft: DraftPlan,
  where: Omit<ProbeModel, 'plan'>,
  signal: AbortSignal,
): Promise<ProbeOutcome> {
  const options = draft.device.name === device ? draft.device.options : {};
  const plan = { ...draft, batchSize: DEFAULT_BATCH_SIZE, device: CPU, engine: ONNX_RUNTIME };
  return tryDevice({ device, options, model: { ...where, plan } }, { signal });
}
