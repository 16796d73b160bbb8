import { ChildProcesses } from '../children/child-processes.ts';
import { Secrets } from '../core/secrets.ts';
import type { CliContext } from './context.ts';
import { printError, runProgram } from './run-program.ts';
import { writerTo } from './standard-output.ts';
import { listenToSignals } from './watch/signals.ts';

const { signal, drain, allowGrace, stopListening } = listenToSignals();
const args = process.argv.slice(2);
const context: CliContext = {
  env: process.env,
  cwd: process.cwd(),
  stdin: process.stdin,
  hasColour: process.stdout.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb',
  ...(process.stdout.isTTY ? { width: process.stdout.columns } : {}),
  out: writerTo(process.stdout, (error) => {
    process.exitCode = printError(context, args, error);
  }),
  err: (text) => void process.stderr.write(text),
  isTerminal: process.stderr.isTTY === true,
  signal,
  drain,
  allowGrace,
  secrets: new Secrets(),
  workers: new ChildProcesses(),
};
// Nobody is left who could be told.
process.stderr.on('error', () => {});

const exitCode = await runProgram(context, args);
// Standard output may have failed where all else went well.
if (exitCode !== 0) process.exitCode = exitCode;
stopListening();
