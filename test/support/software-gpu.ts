import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ensureInstalled } from './debian-package.ts';

/** Debian's package of Chromium ships SwiftShader, a Vulkan driver that computes on the processor, and a loader. */
const FOLDER = '/usr/lib/chromium';
const FILES = ['vk_swiftshader_icd.json', 'libvk_swiftshader.so', 'libvulkan.so.1'];

/** The environment in which WebGPU runs without a graphics card. */
export const SOFTWARE_GPU = {
  VK_DRIVER_FILES: join(FOLDER, 'vk_swiftshader_icd.json'),
  LD_LIBRARY_PATH: FOLDER,
} as const;

/** The environment in which there is no Vulkan driver at all, whatever the machine has. */
export const NO_GPU = { VK_DRIVER_FILES: '/nonexistent/icd.json', LD_LIBRARY_PATH: '' } as const;

/** Where onnxruntime-node has WebGPU on Vulkan. Elsewhere tests of it are left out. */
export const HAS_VULKAN_BUILD = process.platform === 'linux' && process.arch === 'x64';

/** Makes sure that {@link SOFTWARE_GPU} works. */
export async function ensureSoftwareGpu(): Promise<void> {
  if (!HAS_VULKAN_BUILD) return;
  await ensureInstalled({
    isThere: async () => FILES.every((name) => existsSync(join(FOLDER, name))),
    packageName: 'chromium',
    advice:
      'The tests need SwiftShader and the Vulkan loader, which Debian\'s package chromium has in /usr/lib/chromium. Install it with "apt-get install chromium", and run them again.',
  });
}
