import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { cleanUpLater } from '../../test/support/clean-ups.ts';
import { temporaryFolder } from '../../test/support/project.ts';

/** A small file system in memory. */
export interface Volume {
  readonly folder: string;
  remount(options: string): void;
  /** From now on nothing can be opened for writing by its path; what is open stays so. */
  makeReadOnly(): void;
  makeWritable(): void;
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
  let isCovered = false;
  // Lazily: what a failed case has left behind may still have files open.
  const unmount = (): void => void execFileSync('umount', ['--lazy', folder]);
  const uncover = (): void => {
    if (isCovered) unmount();
    isCovered = false;
  };
  cleanUpLater(() => {
    uncover();
    unmount();
  });
  return {
    folder,
    remount: (changed) => void mount('-o', `remount,${changed}`),
    makeReadOnly() {
      // Of itself it cannot become read-only while files are open for writing: a view of it can, which covers it.
      const view = `${folder}-view`;
      mkdirSync(view);
      execFileSync('mount', ['--bind', folder, view]);
      execFileSync('mount', ['-o', 'remount,ro,bind', view]);
      execFileSync('mount', ['--bind', view, folder]);
      isCovered = true;
      execFileSync('umount', ['--lazy', view]);
    },
    makeWritable: uncover,
  };
}
