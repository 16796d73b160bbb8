import { type ChildProcess, execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import type { ClaimantAnswer, ClaimantCommand } from './lock-claimant.ts';

const project = fileURLToPath(new URL('../../..', import.meta.url));
const modules = join(project, 'node_modules');

/** The claimant's program as JavaScript, since child processes of Node 20 do not run TypeScript. */
export interface ClaimantProgram {
  readonly path: string;
  remove(): Promise<void>;
}

export async function compileClaimant(): Promise<ClaimantProgram> {
  const folder = await mkdtemp(join(tmpdir(), 'serve-batch-claimant-'));
  const config = {
    extends: join(project, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      rootDir: project,
      outDir: folder,
      typeRoots: [join(modules, '@types')],
    },
    files: [join(project, 'test', 'runs', 'lock', 'lock-claimant.ts')],
    include: [],
  };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  await symlink(modules, join(folder, 'node_modules'));
  await promisify(execFile)(join(modules, '.bin', 'tsc'), ['-p', folder]);
  return {
    path: join(folder, 'test', 'runs', 'lock', 'lock-claimant.js'),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A process that competes for a job's lock. */
export class Claimant {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Started and waiting; ended at the end of the test. */
  static async start(program: ClaimantProgram, folderOfJob: string): Promise<Claimant> {
    const child = fork(program.path, [folderOfJob], { execArgv: [] });
    const claimant = new Claimant(child);
    onTestFinished(() => claimant.kill());
    await once(child, 'message');
    return claimant;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async ask(command: ClaimantCommand): Promise<ClaimantAnswer> {
    const answered = once(this.#child, 'message');
    this.#child.send(command);
    const [answer] = await answered;
    return answer;
  }

  /** kill -9 */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}
