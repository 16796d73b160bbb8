import { ServeBatchError } from '../../core/errors.ts';
import type { Device, DeviceChoice, GpuDevice } from '../../core/machine/device.ts';
import { readOnnxFile } from '../onnx/read-onnx-file.ts';
import { whyNoGpu } from './gpu-kernels.ts';
import { installAdvice, lookFor } from './platform-devices.ts';
import type { Surroundings } from './surroundings.ts';

const OR_ELSE = 'Or run it with --device cpu, or --device auto.';

/** A device that was named, and cannot be had. */
export function unavailable(device: GpuDevice, why: string, here: Surroundings): ServeBatchError {
  return new ServeBatchError(
    'DEVICE_UNAVAILABLE',
    `The device ${device} cannot be had: ${why}. ${installAdvice(device, here)} ${OR_ELSE}`,
    { fields: { device } },
  );
}

/** The device of a run that was planned before, maybe on another machine: parts of two devices do not mix. */
export function plannedFor(device: Device, cause: ServeBatchError): ServeBatchError {
  return new ServeBatchError(
    'DEVICE_UNAVAILABLE',
    `${cause.message} The run was planned for ${device}, and its shards have to be computed there. Continue it on a machine that has it, or start anew with --no-resume.`,
    { cause, fields: cause.fields },
  );
}

/** A device that was named, for a model that has nothing for it. */
export function nothingToCompute(model: string, device: GpuDevice, why: string): ServeBatchError {
  return new ServeBatchError(
    'DEVICE_UNAVAILABLE',
    `The model ${model} has nothing to compute on ${device}: ${why}. Run it with --device cpu, or --device auto.`,
    { fields: { device, model } },
  );
}

/**
 * Throws `DEVICE_UNAVAILABLE` where it is clear without loading anything that a device that was named will
 * not do: before a run begins, and for a plan that is only shown.
 */
export async function assertDevicePossible(
  device: DeviceChoice,
  modelPath: string,
  here: Surroundings,
): Promise<void> {
  if (device === 'auto' || device === 'cpu') return;
  const nothing = whyNoGpu((await readOnnxFile(modelPath)).operators);
  if (nothing !== null) throw nothingToCompute(modelPath, device, nothing);
  const { missing } = await lookFor(device, here);
  if (missing !== null) throw unavailable(device, missing, here);
}
