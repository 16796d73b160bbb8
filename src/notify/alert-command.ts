import { spawn } from 'node:child_process';

export const COMMAND_TIMEOUT_MS = 60_000;

export interface AlertCommand {
  /** The program and its arguments; no shell reads them. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For its standard input. */
  readonly body: string;
  readonly timeoutMs: number;
}

/**
 * Runs a program that is told of an alert. Throws where it cannot start, fails, or does not end in time: then it is
 * killed with all that it has started, as it is when this process ends.
 */
export async function runAlertCommand({ command, env, body, timeoutMs }: AlertCommand): Promise<void> {
  const [program = '', ...args] = command;
  // A group of its own: of a shell that is killed alone, the commands go on.
  const child = spawn(program, args, {
    env: { ...env },
    stdio: ['pipe', 'ignore', 'inherit'],
    detached: true,
  });
  const kill = (): void => killGroup(child.pid);
  const timer = setTimeout(kill, timeoutMs);
  process.once('exit', kill);
  try {
    await new Promise<void>((resolve, reject) => {
      child.once('error', (error) => reject(new Error(`it cannot be started: ${error.message}`)));
      child.once('exit', (code, signal) => {
        if (code === 0) resolve();
        else if (signal === null) reject(new Error(`it ended with exit code ${code}`));
        else reject(new Error(`it was ended by ${signal} (it has ${timeoutMs / 1000} s)`));
      });
      // A program that does not read it may be gone by now.
      child.stdin.on('error', () => {});
      child.stdin.end(body);
    });
  } finally {
    clearTimeout(timer);
    process.off('exit', kill);
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of it has ended.
  }
}
