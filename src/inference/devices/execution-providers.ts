import type { Device, DevicePlan } from '../../core/machine/device.ts';

/** Names of onnxruntime-node. */
const NAMES: Readonly<Record<Device, string>> = {
  cpu: 'cpu',
  cuda: 'cuda',
  tensorrt: 'tensorrt',
  webgpu: 'webgpu',
  directml: 'dml',
  coreml: 'coreml',
};

/** `executionProviders` of a session. What a device has no kernels for goes to the CPU, which is always last. */
export function executionProviders(
  device?: Pick<DevicePlan, 'name' | 'options'>,
): (string | { readonly name: string })[] {
  if (device === undefined || device.name === 'cpu') return [NAMES.cpu];
  const first = { ...device.options, name: NAMES[device.name] };
  // TensorRT leaves many nodes alone; CUDA has kernels for most of them.
  const second = device.name === 'tensorrt' ? [{ ...device.options, name: NAMES.cuda }] : [];
  return [first, ...second];
}
