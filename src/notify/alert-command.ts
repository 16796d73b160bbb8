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

/** Runs a program that is told of an alert. Throws where it cannot start, fails, or does not end in time. */
export async function runAlertCommand({ command, env, body, timeoutMs }: AlertCommand): Promise<void> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { env: { ...env }, stdio: ['pipe', 'ignore', 'inherit'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
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
  }
}
