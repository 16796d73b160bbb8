import type { AddressInfo } from 'node:net';
import { ServeBatchError, systemErrorCode } from '../core/errors.ts';
import { buildHttpServer, type ServerParts } from './http/http-server.ts';
import type { LoadedSources } from './load-sources.ts';

/** How often the job files are looked at. */
const RELOAD_MS = 2_000;

export interface ServeOptions {
  readonly parts: Omit<ServerParts, 'isDraining'>;
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly load: () => Promise<LoadedSources>;
  /** Whether the jobs were named one by one: then each of them must be right at the start. */
  readonly areNamed: boolean;
  /** Aborted: answers what has begun, and ends. */
  readonly drain: AbortSignal;
  /** Aborted: ends at once. */
  readonly signal: AbortSignal;
  /** Waits so long, or until the signal. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly onListening: (address: string, jobs: readonly string[]) => void;
}

/** Answers requests until it is told to end. Throws `USAGE` where it cannot listen. */
export async function serve(options: ServeOptions): Promise<void> {
  const { parts, host, port, drain, signal, onListening } = options;
  const { jobs, tls } = parts;
  const told = await loadFirst(options);
  const app = buildHttpServer({ ...parts, isDraining: () => drain.aborted });
  try {
    await app.listen({ host, port }).catch((error: unknown) => {
      throw cannotListen(error, host, port);
    });
    const { address, port: given } = app.server.address() as AddressInfo;
    const shown = address.includes(':') ? `[${address}]` : address;
    onListening(
      `${tls === null ? 'http' : 'https'}://${shown}:${given}`,
      jobs.jobs.map(({ name }) => name),
    );
    await keepLoading(options, told);
  } finally {
    const closeAll = (): void => app.server.closeAllConnections();
    if (signal.aborted) closeAll();
    else signal.addEventListener('abort', closeAll, { once: true });
    await app.close();
    signal.removeEventListener('abort', closeAll);
    await jobs.close();
  }
}

/** Jobs that were named must be right; of all others, those that are wrong are left out. */
async function loadFirst(options: ServeOptions): Promise<string> {
  const loaded = await options.load();
  const [problem] = loaded.problems;
  if (options.areNamed && problem !== undefined) throw problem.error;
  return takeOver(options, loaded, '');
}

/** Takes over changes of the job files as long as the server runs. */
async function keepLoading(options: ServeOptions, toldFirst: string): Promise<void> {
  const { drain, sleep, parts } = options;
  let told = toldFirst;
  while (!drain.aborted) {
    await sleep(RELOAD_MS, drain);
    if (drain.aborted) return;
    try {
      told = await takeOver(options, await options.load(), told);
    } catch (error) {
      if (!(error instanceof ServeBatchError)) throw error;
      if (told !== error.message) parts.log.warn(`The jobs stay as they are: ${error.message}`);
      told = error.message;
    }
  }
}

/**
 * Serves what the job files say now. A job whose file has become wrong is served as before. Returns what is
 * wrong, so that it is told once.
 */
async function takeOver(
  { parts }: ServeOptions,
  { sources, problems }: LoadedSources,
  told: string,
): Promise<string> {
  const { jobs, log } = parts;
  const kept = jobs.sources.filter(
    ({ name }) => problems.some(({ job }) => job === name) && !sources.some((each) => each.name === name),
  );
  await jobs.replace([...sources, ...kept]);
  const text = problems.map(({ job, error }) => `${job}: ${error.message}`).join('\n');
  if (text !== told) for (const { job, error } of problems) log.warn(tellProblem(job, error, kept), { job });
  return text;
}

function tellProblem(job: string, error: ServeBatchError, kept: LoadedSources['sources']): string {
  const isKept = kept.some(({ name }) => name === job);
  return `${isKept ? 'served as before' : 'not served'}: ${error.message}`;
}

function cannotListen(error: unknown, host: string, port: number): ServeBatchError {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: 'another program listens there',
    EADDRNOTAVAIL: 'this machine has no such address',
    EACCES: 'this user may not listen there',
    ENOTFOUND: 'there is no host of that name',
  };
  const reason = reasons[systemErrorCode(error) ?? ''] ?? String(error);
  return new ServeBatchError(
    'USAGE',
    `The server cannot listen on ${host}, port ${port}: ${reason}. Give another one with --host and --port.`,
    { cause: error },
  );
}
