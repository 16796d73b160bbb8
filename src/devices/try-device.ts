import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ProbeMessage, ProbeRequest, ProbeResult } from './probe-messages.ts';

/** A driver that does not answer in this time hangs. TensorRT builds an engine for minutes. */
const TIMEOUT_MS = 300_000;

/** What came of trying a device. */
export type ProbeOutcome =
  | { readonly state: 'answered'; readonly result: ProbeResult }
  | { readonly state: 'failed'; readonly why: string };

/** Tries a device in a process of its own: that it crashes, hangs or says an error is an answer, too. */
export async function tryDevice(
  request: ProbeRequest,
  { signal, timeoutMs = TIMEOUT_MS }: { readonly signal: AbortSignal; readonly timeoutMs?: number },
): Promise<ProbeOutcome> {
  signal.throwIfAborted();
  const child = fork(fileURLToPath(new URL('./probe-child.js', import.meta.url)), [], {
    // Drivers and providers write on standard error what the exception leaves out: which library is missing.
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...process.env, ORT_DISABLE_TELEMETRY: '1' },
  });
  const kill = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', kill, { once: true });
  const timer = setTimeout(kill, timeoutMs);
  try {
    const outcome = await outcomeOf(child, request, timeoutMs);
    signal.throwIfAborted();
    return outcome;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', kill);
    kill();
  }
}

function outcomeOf(child: ChildProcess, request: ProbeRequest, timeoutMs: number): Promise<ProbeOutcome> {
  return new Promise((resolve) => {
    let written = '';
    let message: ProbeMessage | undefined;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      written += text;
    });
    child.on('error', () => {});
    child.once('message', (sent) => {
      message = sent as ProbeMessage;
    });
    // Not `exit`: what it wrote may still be on its way then.
    child.once('close', (code, endedBy) => {
      if (message !== undefined && 'result' in message)
        return resolve({ state: 'answered', result: message.result });
      const why = message?.error.message ?? howItEnded(code, endedBy, timeoutMs);
      resolve({ state: 'failed', why: withMissingLibrary(why, written) });
    });
    child.send(request, () => {});
  });
}

function howItEnded(code: number | null, endedBy: NodeJS.Signals | null, timeoutMs: number): string {
  if (endedBy === 'SIGKILL') return `the process that tried it gave no answer in ${timeoutMs / 1000} s`;
  return `the process that tried it ended by ${endedBy ?? `exit code ${code}`}: its driver or provider crashed`;
}

/** The system's words for a library that is not there: Linux, macOS, Windows. */
const MISSING =
  /([^\s:"']+\.(?:so[.\d]*|dylib|dll))(?:: cannot open shared object file|"? which is missing)|Library not loaded: (\S+)/g;

function withMissingLibrary(why: string, written: string): string {
  const names = [...written.matchAll(MISSING)].map(([, linux, mac]) =>
    (linux ?? mac ?? '').replace(/^.*\//, ''),
  );
  const missing = [...new Set(names)].filter((name) => !why.includes(name));
  const text = why.replace(/\.$/, '');
  return missing.length === 0 ? text : `${text} (missing: ${missing.join(', ')})`;
}
