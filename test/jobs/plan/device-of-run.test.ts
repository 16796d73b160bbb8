import { availableParallelism } from 'node:os';
import { expect, it } from 'vitest';
import { DEFAULT_EXECUTION } from '../../../src/config/sections/execution.ts';
import { CPU, type Device, type DeviceChoice } from '../../../src/core/machine/device.ts';
import { isOnWantedDevice, shardsAtOnce } from '../../../src/jobs/plan/device-of-run.ts';
import type { RunSummary } from '../../../src/runs/list/run-summary.ts';

const on = (name: Device) => ({ plan: { device: { ...CPU, name } } }) as RunSummary;
const wants = (device: DeviceChoice) => ({ execution: { ...DEFAULT_EXECUTION, device } });

it.each<[DeviceChoice, Device, boolean]>([
  ['auto', 'cpu', true],
  ['auto', 'webgpu', true],
  ['cpu', 'cpu', true],
  ['cpu', 'webgpu', false],
  ['webgpu', 'webgpu', true],
])('who wants %s takes a run on %s: %j', (wanted, device, expected) => {
  expect(isOnWantedDevice(on(device), wants(wanted))).toBe(expected);
});

it('a run that does not say its device was computed on the CPU', () => {
  expect(isOnWantedDevice({ plan: undefined, record: undefined } as RunSummary, wants('cpu'))).toBe(true);
});

it('one child feeds a GPU, and one for each core computes on the CPU, unless the job says more', () => {
  expect(shardsAtOnce(wants('auto'), { name: 'webgpu' })).toBe(1);
  expect(shardsAtOnce(wants('auto'), { name: 'cpu' })).toBe(availableParallelism());
  const two = { execution: { ...DEFAULT_EXECUTION, processes: 2 } };
  expect(shardsAtOnce(two, { name: 'webgpu' })).toBe(2);
  expect(shardsAtOnce(two, { name: 'cpu' })).toBe(2);
});
