import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { cleanUpLater } from '../../test/support/clean-ups.ts';
import { temporaryFolder } from '../../test/support/project.ts';

/** A small file system in memory. */
export interface Volume {
  readonly folder: string;
  remount(options: string): void;
}

/** Throws where this user may not mount: that takes root, or CAP_SYS_ADMIN in a container. */
export async function mountVolume(options: string): Promise<Volume> {
  const folder = `${await temporaryFolder()}/disk`;
  mkdirSync(folder);
  const mount = (...args: string[]): unknown =>
    execFileSync('mount', [...args, 'none', folder], { stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    mount('-t', 'tmpfs', '-o', options);
  } catch (error) {
    throw new Error(
      `This campaign mounts small volumes, which takes root (in a container: --cap-add SYS_ADMIN): ${String(error)}`,
    );
  }
  // Lazily: what a failed case has left behind may still have files open.
  cleanUpLater(() => execFileSync('umount', ['--lazy', folder]));
  return { folder, remount: (changed) => void mount('-o', `remount,${changed}`) };
}
