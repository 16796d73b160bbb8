import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A graphics card that Linux shows. */
export interface GpuHardware {
  readonly vendor: 'NVIDIA' | 'AMD' | 'Intel' | 'Microsoft' | 'other';
  /** For people: `NVIDIA H200`, or the vendor with the numbers of the PCI bus. */
  readonly name: string;
}

/** Numbers of vendors on the PCI bus (pci-ids.ucw.cz). */
const VENDORS: Readonly<Record<string, GpuHardware['vendor']>> = {
  '0x10de': 'NVIDIA',
  '0x1002': 'AMD',
  '0x8086': 'Intel',
  '0x1414': 'Microsoft',
};

/**
 * The graphics cards that this process may use, on Linux: their device files are there, also inside a
 * container. Reads a few small files, loads nothing. `root` stands for `/` in tests.
 */
export async function findGpus(root = '/'): Promise<readonly GpuHardware[]> {
  const devices = await names(join(root, 'dev'));
  const nvidia = devices.some((name) => /^nvidia\d+$/.test(name)) ? await nvidiaCards(root) : [];
  const rendering = (await names(join(root, 'dev/dri'))).filter((name) => name.startsWith('renderD'));
  const others = await Promise.all(rendering.map((name) => drmCard(root, name)));
  const windows: GpuHardware[] = devices.includes('dxg')
    ? [{ vendor: 'Microsoft', name: 'the graphics card of Windows (WSL)' }]
    : [];
  return [
    ...nvidia,
    ...others.filter(({ vendor }) => vendor !== 'NVIDIA' || nvidia.length === 0),
    ...windows,
  ];
}

/** As NVIDIA's driver tells them: `Model: NVIDIA H200`. */
async function nvidiaCards(root: string): Promise<readonly GpuHardware[]> {
  const folder = join(root, 'proc/driver/nvidia/gpus');
  const found: GpuHardware[] = [];
  for (const card of await names(folder)) {
    const text = await textOf(join(folder, card, 'information'));
    const name = /^Model:\s*(.+?)\s*$/m.exec(text)?.[1];
    if (name !== undefined) found.push({ vendor: 'NVIDIA', name });
  }
  return found.length > 0 ? found : [{ vendor: 'NVIDIA', name: 'an NVIDIA card' }];
}

async function drmCard(root: string, name: string): Promise<GpuHardware> {
  const folder = join(root, 'sys/class/drm', name, 'device');
  const id = (await textOf(join(folder, 'vendor'))).trim();
  const device = (await textOf(join(folder, 'device'))).trim();
  const vendor = VENDORS[id] ?? 'other';
  const numbers = `PCI ${id.replace('0x', '')}:${device.replace('0x', '')}`;
  return {
    vendor,
    name: id === '' ? `/dev/dri/${name}` : `${vendor === 'other' ? 'a card' : vendor} (${numbers})`,
  };
}

async function names(folder: string): Promise<readonly string[]> {
  return readdir(folder).then(
    (list) => list.sort(),
    () => [],
  );
}

async function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
