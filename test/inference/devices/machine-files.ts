import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Surroundings } from '../../../src/inference/devices/surroundings.ts';
import { temporaryFolder } from '../../support/project.ts';

/** Files of a machine that is not this one, by path: `dev/nvidia0`, `sys/class/drm/...`, `icd/nvidia_icd.json`. */
export type MachineFiles = Readonly<Record<string, string>>;

export const H200: MachineFiles = {
  'dev/nvidia0': '',
  'proc/driver/nvidia/gpus/0000:3b:00.0/information': 'Model: \t\t NVIDIA H200\nIRQ:   \t\t 42\n',
};
export const RADEON: MachineFiles = {
  'dev/dri/renderD128': '',
  'sys/class/drm/renderD128/device/vendor': '0x1002\n',
  'sys/class/drm/renderD128/device/device': '0x744c\n',
};
export const VIRTIO: MachineFiles = {
  'dev/dri/renderD128': '',
  'sys/class/drm/renderD128/device/vendor': '0x1af4\n',
  'sys/class/drm/renderD128/device/device': '0x1050\n',
};

/** A manifest of a Vulkan driver. */
export function driver(name: string, library = 'libGLX_nvidia.so.0'): MachineFiles {
  const manifest = { file_format_version: '1.0.0', ICD: { library_path: library, api_version: '1.3.0' } };
  return { [`icd/${name}`]: JSON.stringify(manifest) };
}

/** What can be seen on a Linux machine that has just these files. */
export async function machineWith(...files: readonly MachineFiles[]): Promise<Surroundings> {
  const root = await temporaryFolder();
  for (const [name, text] of files.flatMap((each) => Object.entries(each))) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
  await mkdir(join(root, 'icd'), { recursive: true });
  return {
    platform: 'linux',
    arch: 'x64',
    env: { VK_DRIVER_FILES: join(root, 'icd') },
    root,
    providerFolder: join(root, 'providers'),
  };
}
