import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { GpuDevice } from '../../core/machine/device.ts';
import { findGpus, type GpuHardware } from './gpu-hardware.ts';
import type { Surroundings } from './surroundings.ts';
import { findVulkanDrivers, type VulkanDriver } from './vulkan-drivers.ts';

/** The devices that onnxruntime-node is built for, best first (its README, and listSupportedBackends). */
const BUILT_FOR: Readonly<Record<string, readonly GpuDevice[]>> = {
  'linux/x64': ['cuda', 'tensorrt', 'webgpu'],
  'win32/x64': ['directml', 'webgpu'],
  'win32/arm64': ['directml', 'webgpu'],
  'darwin/x64': ['coreml', 'webgpu'],
  'darwin/arm64': ['coreml', 'webgpu'],
};

export function devicesOf({ platform, arch }: Pick<Surroundings, 'platform' | 'arch'>): readonly GpuDevice[] {
  return BUILT_FOR[`${platform}/${arch}`] ?? [];
}

/** What can be seen of a device without loading anything. */
export interface DeviceSight {
  /** Why it cannot work; null: it may. */
  readonly missing: string | null;
  /** Why `auto` leaves it alone though it may work; null: it does not. */
  readonly doubt: string | null;
  /** The graphics card, for people; null: it cannot be seen. */
  readonly adapter: string | null;
}

/** Looks for the libraries, drivers and cards of a device: a few small files, and only on Linux. */
export async function lookFor(device: GpuDevice, here: Surroundings): Promise<DeviceSight> {
  if (!devicesOf(here).includes(device))
    return unseen(`onnxruntime-node has no ${device} for ${here.platform} on ${here.arch}`);
  if (here.platform !== 'linux') return { missing: null, doubt: null, adapter: null };
  return device === 'webgpu' ? lookForVulkan(here) : lookForNvidia(device, here);
}

async function lookForNvidia(device: GpuDevice, here: Surroundings): Promise<DeviceSight> {
  const library = `libonnxruntime_providers_${device}.so`;
  if (!existsSync(join(here.providerFolder, library)))
    return unseen(`the library ${library} is not installed`);
  const card = (await findGpus(here.root)).find(
    ({ vendor }) => vendor === 'NVIDIA' || vendor === 'Microsoft',
  );
  if (card === undefined) return unseen('no NVIDIA card can be seen (/dev/nvidia0)');
  return { missing: null, doubt: null, adapter: card.name };
}

async function lookForVulkan({ env, root }: Surroundings): Promise<DeviceSight> {
  const drivers = await findVulkanDrivers(env);
  const first = drivers[0];
  if (first === undefined) return unseen('no Vulkan driver is installed');
  if (drivers.every(({ isSoftware }) => isSoftware)) {
    const adapter = `${softwareName(first.manifest)} (software)`;
    return { missing: null, doubt: `${adapter} computes on the CPU, only slower`, adapter };
  }
  const cards = await findGpus(root);
  const card = cards.find((each) => drivers.some((driver) => drives(driver, each)));
  if (card !== undefined) return { missing: null, doubt: null, adapter: card.name };
  const seen = cards.map(({ name }) => name).join(', ');
  const doubt =
    seen === '' ? 'no graphics card can be seen (/dev/dri, /dev/nvidia0)' : `no Vulkan driver for ${seen}`;
  return { missing: null, doubt, adapter: null };
}

function softwareName(manifest: string): string {
  if (/swiftshader/i.test(manifest)) return 'SwiftShader';
  return /lvp|llvmpipe/i.test(manifest) ? 'llvmpipe' : 'a test driver';
}

/** Manifests as the makers of drivers call them. */
const MANIFESTS: Readonly<Record<GpuHardware['vendor'], RegExp>> = {
  NVIDIA: /nvidia|nouveau/i,
  AMD: /radeon|amd/i,
  Intel: /intel/i,
  Microsoft: /dzn|microsoft/i,
  // A card of a virtual machine, most of all: often there is no real one behind it.
  other: /^$/,
};

function drives({ manifest, isSoftware }: VulkanDriver, { vendor }: GpuHardware): boolean {
  return !isSoftware && MANIFESTS[vendor].test(manifest);
}

function unseen(missing: string): DeviceSight {
  return { missing, doubt: null, adapter: null };
}

/** How a device is installed, as whole sentences. */
export function installAdvice(
  device: GpuDevice,
  { platform, arch }: Pick<Surroundings, 'platform' | 'arch'>,
): string {
  if (!devicesOf({ platform, arch }).includes(device)) {
    const others = ['cpu', ...devicesOf({ platform, arch })].join(', ');
    return `Here there may be: ${others}.`;
  }
  switch (device) {
    case 'cuda':
    case 'tensorrt':
      return `Install the NVIDIA driver, CUDA 12, cuDNN 9${device === 'tensorrt' ? ', TensorRT 10' : ''}, and ONNX Runtime's own libraries for them: node node_modules/onnxruntime-node/script/install.js --onnxruntime-node-install=cuda12`;
    case 'webgpu':
      return platform === 'linux'
        ? 'Install the Vulkan loader and the driver of the graphics card: apt-get install libvulkan1, and the NVIDIA driver, or mesa-vulkan-drivers for AMD and Intel.'
        : 'Install the newest driver of the graphics card.';
    case 'directml':
      return 'DirectML needs Windows 10 (1903) or later and a graphics card with DirectX 12: install its newest driver.';
    case 'coreml':
      return 'Core ML is part of macOS 10.15 and later.';
  }
}
