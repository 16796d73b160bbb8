import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { assertBuilt, MAIN } from './built.ts';
import { cleanUpLater } from './clean-ups.ts';

export { REPOSITORY } from './built.ts';

export interface CliOptions {
  readonly cwd: string;
  /** Added to the environment of the tests, of which SERVE_BATCH_* is taken away. */
  readonly env?: Readonly<Record<string, string>>;
  /** What the command finds on standard input; empty by default. */
  readonly stdin?: string | Uint8Array;
  /** Started as the leader of a process group of its own, which `kill(-pid)` reaches. */
  readonly ownGroup?: boolean;
}

export interface CliResult {
  /** Null where a signal ended the process. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCli {
  readonly pid: number;
  readonly process: ChildProcess;
  /** What it has printed so far. */
  readonly stderr: () => string;
  readonly result: Promise<CliResult>;
}

/** Starts the built command line; `result` tells how it ended. */
export function startServeBatch(args: readonly string[], options: CliOptions): RunningCli {
  assertBuilt();
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: options.cwd,
    env: { ...cleanEnvironment(), ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: options.ownGroup === true,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  // A command that does not read its standard input closes it.
  child.stdin.on('error', () => {});
  child.stdin.end(options.stdin ?? '');
  // A test that failed may leave it at work.
  cleanUpLater(() => child.kill('SIGKILL'));
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  return {
    pid: child.pid ?? -1,
    process: child,
    stderr: () => stderr,
    result: ended.then(([code, signal]) => ({ code, signal, stdout, stderr })),
  };
}

/** The environment of the tests, without what would change the command line. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const foreign = /^(SERVE_BATCH_|NODE_OPTIONS$|VITEST|FORCE_COLOR$)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}
