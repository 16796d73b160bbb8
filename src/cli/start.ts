import type { Child } from '../children/child-process.ts';
import { ChildProcesses } from '../children/child-processes.ts';
import { killChildren } from '../children/start-child.ts';
import { Secrets } from '../core/text/secrets.ts';
import { OWN_LINE, visible } from '../core/text/visible.ts';
import type { CliContext } from './context.ts';
import { printError, runProgram } from './run-program.ts';
import { writerTo } from './standard-output.ts';
import { listenToSignals } from './watch/signals.ts';

/** Runs the command line of this process. The file of the bundle that holds this may wait for nothing while it is loaded. */
export async function start(early: Child | undefined): Promise<void> {
  const { signal, drain, allowGrace, stopListening } = listenToSignals((error) => {
    const exitCode = printError(context, args, error);
    killChildren();
    process.exit(exitCode);
  });
  const args = process.argv.slice(2);
  const secrets = new Secrets();
  const write = writerTo(process.stdout, (error) => {
    process.exitCode = printError(context, args, error);
  });
  const showsColours = process.stdout.isTTY && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
  const context: CliContext = {
    env: process.env,
    cwd: process.cwd(),
    stdin: process.stdin,
    ...(showsColours ? { outColoured: write } : {}),
    ...(process.stdout.isTTY ? { width: process.stdout.columns } : {}),
    // What goes to a file or another program keeps the bytes of the data.
    out: (text) => write(process.stdout.isTTY ? visible(text) : text),
    err: (text) => void process.stderr.write(visible(secrets.mask(text), OWN_LINE)),
    isTerminal: process.stderr.isTTY === true,
    signal,
    drain,
    allowGrace,
    secrets,
    workers: new ChildProcesses(early),
  };
  // Nobody is left who could be told.
  process.stderr.on('error', () => {});

  const exitCode = await runProgram(context, args);
  // Standard output may have failed where all else went well.
  if (exitCode !== 0) process.exitCode = exitCode;
  stopListening();
}
