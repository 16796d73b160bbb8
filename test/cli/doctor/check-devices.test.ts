import { describe, expect, it } from 'vitest';
import { describeDevices } from '../../../src/cli/doctor/check-devices.ts';

function lines(...probed: Parameters<typeof describeDevices>[0]): string[] {
  return describeDevices(probed).map(({ mark, name, text }) => `${mark} ${name}: ${text}`);
}

describe('describeDevices', () => {
  it('the CPU is always there, also alone', () => {
    expect(lines()).toEqual(['ok cpu: works everywhere']);
  });

  it('a device that answers has its card and how long it took', () => {
    expect(lines({ device: 'cuda', state: 'usable', adapter: 'NVIDIA T4', seconds: 1.5 })[1]).toBe(
      'ok cuda: answers as the CPU does on NVIDIA T4, tried in 1.5 s',
    );
  });

  it('one that a job names, and that cannot be had, is a failure', () => {
    const jobs = [
      { name: 'a', execution: { device: 'webgpu' as const } },
      { name: 'b', execution: { device: 'webgpu' as const } },
      { name: 'c', execution: { device: 'auto' as const } },
      { name: 'd', execution: { device: 'coreml' as const } },
    ];
    const probed = [{ device: 'webgpu' as const, state: 'unavailable' as const, why: 'no driver' }];
    const checks = describeDevices(probed, jobs);
    expect(checks.map(({ mark, code, text }) => [mark, code, text])).toEqual([
      ['ok', null, 'works everywhere'],
      ['fail', 'DEVICE_UNAVAILABLE', 'wanted by a, b, and cannot be had: no driver'],
      [
        'fail',
        'DEVICE_UNAVAILABLE',
        expect.stringMatching(/^wanted by d, and cannot be had: onnxruntime-node has none/),
      ],
    ]);
  });

  it('one that auto would not take says why', () => {
    expect(lines({ device: 'webgpu', state: 'usable', why: 'it computes on the CPU' })[1]).toBe(
      'info webgpu: answers as the CPU does; auto leaves it alone: it computes on the CPU',
    );
  });

  it('one that cannot be had says why and how to get it, and is no failure', () => {
    const why = 'no Vulkan driver is installed';
    expect(lines({ device: 'webgpu', state: 'unavailable', why, advice: 'Install it.' })[1]).toBe(
      'info webgpu: cannot be had: no Vulkan driver is installed. Install it.',
    );
  });
});
