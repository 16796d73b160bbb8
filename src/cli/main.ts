#!/usr/bin/env node
import { ChildProcesses } from '../children/child-processes.ts';
import { serializeError, toServeBatchError } from '../core/errors.ts';
import { Secrets } from '../core/secrets.ts';
import type { CliContext } from './context.ts';
import { dropFalseSwitches } from './options.ts';
import { buildProgram } from './program.ts';
import { isReaderGone, writerTo } from './standard-output.ts';
import { usageErrorOf } from './usage-error.ts';
import { listenToSignals } from './watch/signals.ts';

const { signal, drain, allowGrace, stopListening } = listenToSignals();
const secrets = new Secrets();
const workers = new ChildProcesses();
const context: CliContext = {
  env: process.env,
  cwd: process.cwd(),
  stdin: process.stdin,
  hasColour: process.stdout.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb',
  out: writerTo(process.stdout, (error) => {
    process.exitCode = report(error);
  }),
  err: (text) => void process.stderr.write(text),
  isTerminal: process.stderr.isTTY === true,
  signal,
  drain,
  allowGrace,
  secrets,
  workers,
};
// Nobody is left who could be told.
process.stderr.on('error', () => {});

try {
  const program = buildProgram(context);
  dropFalseSwitches(program, process.env);
  await program.parseAsync(process.argv);
} catch (error) {
  if (!isReaderGone(error)) process.exitCode = report(error);
} finally {
  await workers.close();
  stopListening();
}

/** Prints an error and returns the exit code. Stack traces only with --debug. */
function report(error: unknown): number {
  const usage = usageErrorOf(error);
  if (usage !== null) return usage.exitCode;
  const known = toServeBatchError(error);
  context.err(`${secrets.mask(`error: ${known.message}`)}\n`);
  const isDebug = process.argv.includes('--debug') || isTruthy(process.env.SERVE_BATCH_DEBUG);
  if (isDebug) context.err(`${secrets.mask(`code: ${known.code}\n${serializeError(known).stack ?? ''}`)}\n`);
  else if (known.code === 'INTERNAL')
    context.err('This was not expected. Run again with --debug for the details.\n');
  return known.exitCode;
}

function isTruthy(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== '0' && value !== 'false';
}
