import { readFile } from 'node:fs/promises';
import { mountOf, parseMounts } from '../../core/machine/mounts.ts';
import { type Check, finding } from './check.ts';

/** Of many more, those that are met. A FUSE file system may be anything, most often something far away. */
const NETWORK = /^(nfs\d*|cifs|smb\w*|ceph|glusterfs|lustre|gpfs|beegfs|afs|9p|fuse(\..+)?)$/;
const MEMORY = /^(tmpfs|ramfs)$/;

export type FileSystemKind = 'local' | 'network' | 'memory' | 'container';

/** `nfs4`, `ext4` and so on; null where it cannot be told, as on systems without `/proc`. */
export async function fileSystemOf(realFolder: string): Promise<string | null> {
  const mountInfo = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  return mountOf(realFolder, parseMounts(mountInfo))?.type ?? null;
}

export function fileSystemKind(type: string): FileSystemKind {
  // What an image and its container are laid over each other with; some of these are FUSE, too.
  if (/overlay|aufs/.test(type)) return 'container';
  if (NETWORK.test(type)) return 'network';
  return MEMORY.test(type) ? 'memory' : 'local';
}

/** What the file system means for an output folder: it has to stay, and to hold a lock. */
export function checkOutputFileSystem(name: string, type: string): Check {
  const kind = fileSystemKind(type);
  const facts = { fileSystem: type, kind };
  switch (kind) {
    case 'local':
      return finding('ok', name, `${type}, a local file system`, facts);
    case 'network':
      return finding(
        'warn',
        name,
        `${type}, most likely over a network: machines that share it are kept apart only where creating a file is exclusive for all of them, and LMDB needs a local one (kv.url: lmdb:PATH)`,
        facts,
      );
    case 'memory':
      return finding('warn', name, `${type}: it is gone after a restart, and with it the history`, facts);
    case 'container':
      return finding('warn', name, `${type}: it goes with the container; mount a volume here`, facts);
  }
}
