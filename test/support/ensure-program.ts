import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A program that the tests start, and where it comes from. */
export interface NeededProgram {
  readonly name: string;
  /** The package of Debian that has it, or several. */
  readonly debianPackage: string | readonly string[];
  /** How to install it by hand: a sentence's middle, `with "apt-get install x" (Debian, Ubuntu)`. */
  readonly howTo: string;
  /** Where it is not a program that answers to --version. */
  readonly isThere?: () => Promise<boolean>;
}

/**
 * Makes sure that a program is there: installs Debian's package where that is possible, and throws one
 * line that says how to install it where not.
 */
export async function ensureProgram(program: NeededProgram): Promise<void> {
  const { name, howTo, isThere = () => hasProgram(name) } = program;
  if (await isThere()) return;
  const advice = `The tests need ${name}. Install it ${howTo}, and run them again.`;
  if (process.getuid?.() !== 0) throw new Error(advice);
  try {
    await install(program);
  } catch (error) {
    throw new Error(advice, { cause: error });
  }
  if (!(await isThere())) throw new Error(advice);
}

async function hasProgram(name: string): Promise<boolean> {
  try {
    await run(name, ['--version']);
    return true;
  } catch {
    return false;
  }
}

/** RUNLEVEL=1 keeps packages from starting services of their own. */
async function install({ debianPackage }: NeededProgram): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  await run('apt-get', ['update', '-q'], { env, maxBuffer: OUTPUT_BYTES });
  await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...[debianPackage].flat()], {
    env,
    maxBuffer: OUTPUT_BYTES,
  });
}

/** apt lists every package that it unpacks. */
const OUTPUT_BYTES = 16 * 1024 * 1024;
