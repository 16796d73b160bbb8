import { Readable } from 'node:stream';
import { built } from './built.ts';
import { type CliOptions, type CliResult, cleanEnvironment } from './cli.ts';
import { replaceEnvironment } from './environment.ts';
import { inProcess } from './in-process-workers.ts';

const { runProgram } = await built<typeof import('../../src/cli/run-program.ts')>('cli/run-program.ts');
const { Secrets } = await built<typeof import('../../src/core/text/secrets.ts')>('core/text/secrets.ts');

/** One at a time: there is one working folder and one environment. */
let last: Promise<unknown> = Promise.resolve();

/**
 * Runs the built command line in the process of the tests: the same parsing, texts and exit codes as
 * a process of its own, without the start of a process and of its children. Nothing of it is left afterwards.
 *
 * For what needs a process of its own (signals, kills, limits, native crashes, streams that break) there is
 * `startServeBatch`.
 */
export function serveBatchHere(args: readonly string[], options: CliOptions): Promise<CliResult> {
  const result = last.then(() => run(args, options));
  last = result.catch(() => {});
  return result;
}

async function run(args: readonly string[], options: CliOptions): Promise<CliResult> {
  let stdout = '';
  let stderr = '';
  const env = { ...cleanEnvironment(), ...options.env };
  const restoreFolder = enterFolder(options.cwd);
  const never = new AbortController().signal;
  try {
    const code = await withEnvironment(env, () =>
      runProgram(
        {
          env,
          cwd: options.cwd,
          stdin: Readable.from([Buffer.from(options.stdin ?? '')]),
          out: (text) => {
            stdout += text;
          },
          err: (text) => {
            stderr += text;
          },
          isTerminal: false,
          signal: never,
          drain: never,
          allowGrace: () => {},
          secrets: new Secrets(),
          workers: inProcess,
        },
        args,
      ),
    );
    return { code, signal: null, stdout, stderr };
  } finally {
    restoreFolder();
  }
}

function enterFolder(folder: string): () => void {
  const before = process.cwd();
  process.chdir(folder);
  return () => process.chdir(before);
}

/** The variables of the command line, for as long as it reads them: until it first awaits something. */
function withEnvironment<T>(env: NodeJS.ProcessEnv, work: () => Promise<T>): Promise<T> {
  const before = { ...process.env };
  replaceEnvironment(env);
  try {
    return work();
  } finally {
    replaceEnvironment(before);
  }
}
