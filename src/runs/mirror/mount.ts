import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { addMirror, mirrorAt, removeMirror } from '../../core/files/mirror.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import { BucketMirror } from './bucket-mirror.ts';
import { workFolder } from './work-folder.ts';

const mounted: BucketMirror[] = [];
let made = 0;

/** The local folder that shows what lies below an address of a bucket. Nothing is asked for yet. */
export function mountedFolder(address: string): string {
  const known = mirrorAt(address);
  if (known !== undefined) return known.folder;
  const folder = join(workFolder(), `${++made}`);
  mkdirSync(folder);
  mountAt(folder, address);
  return folder;
}

/** Makes a folder that another process has mounted the same here. */
export function mountAt(folder: string, address: string): void {
  if (mirrorAt(address) !== undefined) return;
  const mirror = new BucketMirror({ folder, address, open: () => openAt(address) });
  mounted.push(mirror);
  addMirror(mirror);
}

/** The libraries of a storage are loaded where an address asks for them. */
async function openAt(address: string): Promise<ObjectStorage> {
  const { openStorage } = await import('../../storage/open-storage.ts');
  return openStorage(address);
}

/** Ends all connections, and gives back the space of what was shown. Whoever mounts again sees what is there then. */
export async function closeMounts(): Promise<void> {
  for (const mirror of mounted.splice(0)) {
    removeMirror(mirror);
    await mirror.close();
    await rm(mirror.folder, { recursive: true, force: true });
  }
}
