import { expect, it } from 'vitest';
import { DEVICE_OPTIONS, expectedOption } from '../../../src/core/machine/device.ts';

it.each([
  ['webgpu', 'preferredLayout', 'NHWC', 'nhwc'],
  ['webgpu', 'forceCpuNodeNames', ['a'], 'a'],
  ['webgpu', 'enableRobustness', false, 'false'],
  ['webgpu', 'validationMode', 'full', 'all'],
  ['webgpu', 'storageBufferCacheMode', 'simple', true],
  ['cuda', 'deviceId', 1, '1'],
  ['tensorrt', 'deviceId', 0, 0.5],
  ['directml', 'deviceId', 0, -1],
  ['coreml', 'coreMlFlags', 16, 'CREATE_MLPROGRAM'],
] as const)('%s takes %s: %j, not %j', (device, name, good, bad) => {
  expect(expectedOption(device, name, good)).toBeNull();
  expect(expectedOption(device, name, bad)).toMatch(/^(a|true|NCHW|disabled).*\.$/);
});

it('names of the language are no options', () => {
  expect(Object.keys(DEVICE_OPTIONS.cuda)).toEqual(['deviceId']);
  expect(expectedOption('cuda', 'constructor', 1)).toBe('an option of cuda: deviceId.');
});
