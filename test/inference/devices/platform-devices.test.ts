import { describe, expect, it } from 'vitest';
import { DEVICES, type GpuDevice } from '../../../src/core/machine/device.ts';
import { devicesOf, installAdvice, lookFor } from '../../../src/inference/devices/platform-devices.ts';
import { driver, H200, type MachineFiles, machineWith, RADEON, VIRTIO } from './machine-files.ts';

const CUDA: MachineFiles = { 'providers/libonnxruntime_providers_cuda.so': '' };
const RADV = driver('radeon_icd.x86_64.json', 'libvulkan_radeon.so');
const LAVAPIPE = driver('lvp_icd.x86_64.json', 'libvulkan_lvp.so');
const SWIFTSHADER = driver('vk_swiftshader_icd.json', './libvk_swiftshader.so');

describe('without loading anything it sees', () => {
  it.each<[what: string, device: GpuDevice, files: readonly MachineFiles[], sight: Record<string, unknown>]>([
    [
      'that CUDA is not installed',
      'cuda',
      [H200],
      { missing: expect.stringContaining('providers_cuda.so is not') },
    ],
    [
      'that there is no NVIDIA card',
      'cuda',
      [CUDA, RADEON],
      { missing: expect.stringContaining('no NVIDIA card') },
    ],
    [
      'a card for CUDA, by its name',
      'cuda',
      [CUDA, H200],
      { missing: null, doubt: null, adapter: 'NVIDIA H200' },
    ],
    [
      'that TensorRT is not installed',
      'tensorrt',
      [CUDA, H200],
      { missing: expect.stringContaining('tensorrt.so') },
    ],
    ['that there is no Vulkan driver', 'webgpu', [H200], { missing: 'no Vulkan driver is installed' }],
    [
      'a card and its Vulkan driver',
      'webgpu',
      [H200, driver('nvidia_icd.json')],
      { missing: null, doubt: null, adapter: 'NVIDIA H200' },
    ],
    [
      'a card among drivers for others',
      'webgpu',
      [RADEON, RADV, LAVAPIPE, driver('nvidia_icd.json')],
      { missing: null, doubt: null, adapter: 'AMD (PCI 1002:744c)' },
    ],
    [
      'SwiftShader, which is none',
      'webgpu',
      [SWIFTSHADER],
      { missing: null, doubt: expect.stringContaining('SwiftShader'), adapter: 'SwiftShader (software)' },
    ],
    [
      'llvmpipe beside a card that has no driver',
      'webgpu',
      [H200, LAVAPIPE],
      { missing: null, doubt: expect.stringContaining('llvmpipe'), adapter: 'llvmpipe (software)' },
    ],
    [
      'drivers without a card',
      'webgpu',
      [RADV],
      { doubt: expect.stringContaining('no graphics card'), adapter: null },
    ],
    ['a driver of another card', 'webgpu', [H200, RADV], { doubt: 'no Vulkan driver for NVIDIA H200' }],
    [
      'a card of a virtual machine',
      'webgpu',
      [VIRTIO, RADV],
      { doubt: expect.stringContaining('1af4:1050') },
    ],
    ['what Linux cannot have', 'coreml', [], { missing: 'onnxruntime-node has no coreml for linux on x64' }],
  ])('%s', async (_, device, files, sight) => {
    expect(await lookFor(device, await machineWith(...files))).toMatchObject(sight);
  });

  it('a damaged manifest as no driver', async () => {
    const here = await machineWith(H200, { 'icd/nvidia_icd.json': '{' });
    expect(await lookFor('webgpu', here)).toMatchObject({ missing: 'no Vulkan driver is installed' });
  });

  it('nothing where the platform does not show its cards: they have to be tried', async () => {
    const here = { ...(await machineWith()), platform: 'darwin', arch: 'arm64' } as const;
    expect(await lookFor('webgpu', here)).toEqual({ missing: null, doubt: null, adapter: null });
  });
});

describe('devices of a platform', () => {
  it.each([
    ['linux', 'x64', ['cuda', 'tensorrt', 'webgpu']],
    ['linux', 'arm64', []],
    ['darwin', 'arm64', ['coreml', 'webgpu']],
    ['win32', 'x64', ['directml', 'webgpu']],
  ] as const)('%s on %s', (platform, arch, devices) => {
    expect(devicesOf({ platform, arch })).toEqual(devices);
  });

  it.each(DEVICES.filter((device) => device !== 'cpu'))('%s has an advice on every platform', (device) => {
    for (const platform of ['linux', 'darwin', 'win32', 'freebsd'] as const)
      expect(installAdvice(device, { platform, arch: 'x64' })).toMatch(/\w/);
  });
});
