import { readdir, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { PROVIDERS } from '../../core/machine/device.ts';

/** How many nodes of a graph were computed, and how many of them on the CPU. */
export interface NodePlacement {
  /** Null: not counted, since none was left to the CPU. */
  readonly nodes: number | null;
  readonly cpuNodes: number;
}

/**
 * Where the nodes of a model were computed, as the profile of some calls says: ONNX Runtime tells it
 * nowhere else from Node. Deletes the profile. Null where there is none, or it cannot be read.
 */
export async function readPlacement(profilePrefix: string): Promise<NodePlacement | null> {
  const folder = dirname(profilePrefix);
  const names = await readdir(folder).catch(() => []);
  const name = names.find((each) => each.startsWith(basename(profilePrefix)));
  if (name === undefined) return null;
  try {
    return placementOf(JSON.parse(await readFile(join(folder, name), 'utf8')));
  } catch {
    return null;
  } finally {
    await rm(join(folder, name), { force: true });
  }
}

/** Events of the category Node name the node and its provider; a node has one for each call. */
export function placementOf(events: unknown): NodePlacement | null {
  if (!Array.isArray(events)) return null;
  const providers = new Map<string, string>();
  for (const event of events as readonly ProfileEvent[]) {
    if (event?.cat !== 'Node' || event.args?.provider === undefined) continue;
    providers.set(`${event.args.node_index} ${event.name}`, event.args.provider);
  }
  if (providers.size === 0) return null;
  const cpuNodes = [...providers.values()].filter((provider) => provider === PROVIDERS.cpu).length;
  return { nodes: providers.size, cpuNodes };
}

interface ProfileEvent {
  readonly cat?: string;
  readonly name?: string;
  readonly args?: { readonly provider?: string; readonly node_index?: string };
}
