import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What the tests need of the machine, and where it comes from. */
export interface SystemNeed {
  readonly isThere: () => Promise<boolean>;
  /** The Debian package that has it. */
  readonly packageName: string;
  /** One line for those whose machine cannot install it by itself. */
  readonly advice: string;
}

/** Installs a Debian package where something is missing and that is possible; throws the advice where not. */
export async function ensureInstalled({ isThere, packageName, advice }: SystemNeed): Promise<void> {
  if (await isThere()) return;
  if (process.getuid?.() !== 0) throw new Error(advice);
  try {
    await installDebianPackage(packageName);
  } catch (error) {
    throw new Error(advice, { cause: error });
  }
  if (!(await isThere())) throw new Error(advice);
}

/** RUNLEVEL=1 keeps a package from starting services of its own. */
export async function installDebianPackage(packageName: string): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  await run('apt-get', ['update', '-q'], { env });
  await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', packageName], { env });
}
