import { serializeError, toServeBatchError } from '../core/errors.ts';
import { withPublicPaths } from '../core/files/mirror.ts';
import { flushSpans } from '../core/tracing.ts';
import { closeMounts } from '../runs/mirror/mount.ts';
import type { CliContext } from './context.ts';
import { dropFalseSwitches } from './options.ts';
import { buildProgram } from './program.ts';
import { isReaderGone } from './standard-output.ts';
import { usageErrorOf } from './usage-error.ts';

/** A collector that does not answer holds no command up for longer. */
const FLUSH_PATIENCE_MS = 5_000;

/**
 * Runs one command line and returns its exit code; errors are printed. `args` are the words after the
 * program's name. Flags that are not given are looked up in `process.env`, before anything is awaited.
 */
export async function runProgram(given: CliContext, args: readonly string[]): Promise<number> {
  const context = withAddresses(given);
  try {
    const program = buildProgram(context);
    dropFalseSwitches(program, process.env);
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    return isReaderGone(error) ? 0 : printError(context, args, error);
  } finally {
    await context.workers.close();
    await flushSpans(FLUSH_PATIENCE_MS);
    await closeMounts();
  }
}

/** What lies in a bucket is named by its address there, not by where this machine shows it. */
function withAddresses(context: CliContext): CliContext {
  const { out, outColoured, err } = context;
  return {
    ...context,
    out: (text) => out(withPublicPaths(text)),
    ...(outColoured === undefined
      ? {}
      : { outColoured: (text: string) => outColoured(withPublicPaths(text)) }),
    err: (text) => err(withPublicPaths(text)),
  };
}

/** Prints an error and returns the exit code. Stack traces only with --debug. */
export function printError(
  { err, env, secrets }: Pick<CliContext, 'err' | 'env' | 'secrets'>,
  args: readonly string[],
  error: unknown,
): number {
  const usage = usageErrorOf(error);
  if (usage !== null) return usage.exitCode;
  const known = toServeBatchError(error);
  err(`${secrets.mask(`error: ${known.message}`)}\n`);
  const isDebug = args.includes('--debug') || isTruthy(env.SERVE_BATCH_DEBUG);
  if (isDebug) err(`${secrets.mask(`code: ${known.code}\n${serializeError(known).stack ?? ''}`)}\n`);
  else if (known.code === 'INTERNAL') err('This was not expected. Run again with --debug for the details.\n');
  return known.exitCode;
}

function isTruthy(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== '0' && value !== 'false';
}
