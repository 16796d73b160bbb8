import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, delimiter, join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** A Vulkan driver that the loader would find: one manifest. */
export interface VulkanDriver {
  readonly manifest: string;
  /** Whether it computes on the processor. */
  readonly isSoftware: boolean;
}

/** Libraries of drivers that have no graphics card: SwiftShader, Mesa's llvmpipe, and those for tests. */
const SOFTWARE = /swiftshader|lvp|llvmpipe|mock_icd|noop/i;

/**
 * The drivers that libvulkan looks for, in its order (Khronos, LoaderDriverInterface.md): those that
 * variables name, or else the manifests of the known folders.
 */
export async function findVulkanDrivers(env: Environment = process.env): Promise<readonly VulkanDriver[]> {
  const named = env.VK_DRIVER_FILES || env.VK_ICD_FILENAMES;
  const added = (env.VK_ADD_DRIVER_FILES ?? '').split(delimiter);
  const paths = named ? named.split(delimiter) : [...added, ...folders(env)];
  const manifests = (await Promise.all(paths.filter((path) => path !== '').map(manifestsOf))).flat();
  const drivers = await Promise.all([...new Set(manifests)].map(readDriver));
  return drivers.filter((driver) => driver !== null);
}

function folders(env: Environment): readonly string[] {
  const data = env.XDG_DATA_HOME || join(homedir(), '.local/share');
  const shared = (env.XDG_DATA_DIRS || '/usr/local/share:/usr/share').split(delimiter);
  const config = (env.XDG_CONFIG_DIRS || '/etc/xdg').split(delimiter);
  return [...config, '/usr/local/etc', '/etc', data, ...shared].map((folder) => join(folder, 'vulkan/icd.d'));
}

/** A manifest itself, or all of a folder. */
async function manifestsOf(path: string): Promise<readonly string[]> {
  if (path.endsWith('.json')) return [path];
  const names = await readdir(path).catch(() => []);
  return names
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => join(path, name));
}

async function readDriver(manifest: string): Promise<VulkanDriver | null> {
  try {
    const content: unknown = JSON.parse(await readFile(manifest, 'utf8'));
    const library = libraryOf(content) ?? '';
    return { manifest, isSoftware: SOFTWARE.test(`${basename(manifest)} ${basename(library)}`) };
  } catch {
    // The loader leaves out what it cannot read, too.
    return null;
  }
}

function libraryOf(content: unknown): string | undefined {
  if (typeof content !== 'object' || content === null || !('ICD' in content)) return undefined;
  const { ICD: icd } = content;
  if (typeof icd !== 'object' || icd === null || !('library_path' in icd)) return undefined;
  return typeof icd.library_path === 'string' ? icd.library_path : undefined;
}
