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

export interface ChildOptions {
  /** Whether it may have to speak TLS. */
  readonly usesTls: boolean;
}

/** Starts a child process. The command line does this before it loads what it needs itself: this loads little. */
export function startChild(options: ChildOptions = { usesTls: true }): Child {
  const sparesTls = !options.usesTls && hasOwnCertificates();
  return new Child(() => forkChild(sparesTls), undefined, !sparesTls);
}

/** What NODE_OPTIONS loads may speak to anybody. */
function hasOwnCertificates(): boolean {
  const { NODE_EXTRA_CA_CERTS: file, NODE_OPTIONS: options } = process.env;
  return Boolean(file) && !options;
}

/**
 * Node 20 parses the file of NODE_EXTRA_CA_CERTS before it does anything else, which for the certificates of a whole
 * system takes longer than to start without: those who speak to nobody over TLS are spared it.
 */
const NO_CERTIFICATES = { NODE_EXTRA_CA_CERTS: '' };

/** How Node is started for a child. */
export function childFlags(): readonly string[] {
  return [
    // Batches leave much that is short-lived: a small young generation and few malloc arenas keep a
    // child's memory the same however many shards it computes (7 M rows: 290 MB without, 250 MB with).
    '--max-semi-space-size=1',
    '--expose-gc',
    // V8 optimises a function once it has run so much bytecode, here seven times as much as usual: to compile a model
    // then ends before V8 has put twice the time of it into optimising it, and what is done for each row is optimised
    // some milliseconds later. Only for versions of Node known to have the flag: others would not start.
    ...(/^2[02]\./.test(process.versions.node) ? ['--interrupt-budget=500000'] : []),
  ];
}

function forkChild(sparesTls: boolean): ChildProcess {
  const child = fork(fileURLToPath(new URL('./child.js', import.meta.url)), [], {
    // Inputs, plans and results are plain JSON; standard output is the parent's own.
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: [...childFlags(), ...(process.sourceMapsEnabled ? ['--enable-source-maps'] : [])],
    env: {
      ...process.env,
      ...compileCacheEnvironment(),
      ...(sparesTls ? NO_CERTIFICATES : {}),
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
