import { type ChildProcess, fork } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';
import { fileURLToPath } from 'node:url';
import { visible } from '../core/text/visible.ts';
import { Child } from './child-process.ts';
import { compileCacheEnvironment } from './compiled/compile-cache.ts';

const living = new Set<ChildProcess>();

/** For a process that ends at once: a child that is busy or stopped would not notice. */
export function killChildren(): void {
  for (const child of living) child.kill('SIGKILL');
}

/** Starts a child process. The command line does this before it loads what it needs itself: this loads little. */
export function startChild(): Child {
  return new Child(forkChild);
}

function forkChild(): ChildProcess {
  const child = fork(fileURLToPath(new URL('./child.js', import.meta.url)), [], {
    // Inputs, plans and results are plain JSON; standard output is the parent's own.
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // Batches leave much that is short-lived: a small young generation and few malloc arenas keep a
    // child's memory the same however many shards it computes (7 M rows: 290 MB without, 250 MB with).
    execArgv: [
      '--max-semi-space-size=1',
      '--expose-gc',
      ...(process.sourceMapsEnabled ? ['--enable-source-maps'] : []),
    ],
    env: {
      ...process.env,
      ...compileCacheEnvironment(),
      MALLOC_ARENA_MAX: '2',
      ORT_DISABLE_TELEMETRY: '1',
    },
  });
  living.add(child);
  child.once('exit', () => living.delete(child));
  // Those who look at the parent see it at once; the log of the run gets it, too.
  const decoder = new StringDecoder('utf8');
  child.stderr?.on('data', (bytes: Buffer) => process.stderr.write(visible(decoder.write(bytes))));
  return child;
}
