import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Log } from '../core/effects.ts';
import { ServeBatchError, systemErrorCode } from '../core/errors.ts';
import type { GrpcServer } from './grpc/grpc-server.ts';
import { buildHttpServer, type ServerParts } from './http/http-server.ts';
import type { LoadedSources } from './load-sources.ts';

/** How often the job files are looked at. */
const RELOAD_MS = 2_000;

export interface ServeOptions {
  readonly parts: Omit<ServerParts, 'isDraining'>;
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Of gRPC, on the same host; 0: any that is free. Null: gRPC is not spoken. */
  readonly grpcPort: number | null;
  /** The tokens that are let in now; null: everybody is. Throws `USAGE` for a file that is wrong. */
  readonly loadTokens: (() => Promise<readonly string[]>) | null;
  readonly load: () => Promise<LoadedSources>;
  /** Whether the jobs were named one by one: then each of them must be right at the start. */
  readonly areNamed: boolean;
  /** Aborted: answers what has begun, and ends. */
  readonly drain: AbortSignal;
  /** Aborted: ends at once. */
  readonly signal: AbortSignal;
  /** Waits so long, or until the signal. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly onListening: (addresses: Addresses, jobs: readonly string[]) => void;
}

export interface Addresses {
  readonly http: string;
  /** `HOST:PORT`. */
  readonly grpc: string | null;
}

/** Answers requests until it is told to end. Throws `USAGE` where it cannot listen. */
export async function serve(options: ServeOptions): Promise<void> {
  const { drain, signal, onListening } = options;
  const { jobs } = options.parts;
  const told = await loadFirst(options);
  const parts = { ...options.parts, isDraining: () => drain.aborted };
  const app = buildHttpServer(parts);
  let grpc: GrpcServer | null = null;
  try {
    const http = await listenHttp(app, options);
    grpc = await listenGrpc(parts, options);
    onListening(
      { http, grpc: grpc && `${shownHost(options.host)}:${grpc.port}` },
      jobs.jobs.map(({ name }) => name),
    );
    await keepLoading(options, told);
  } finally {
    const destroy = (): void => {
      app.server.closeAllConnections();
      grpc?.destroy();
    };
    if (signal.aborted) destroy();
    else signal.addEventListener('abort', destroy, { once: true });
    await Promise.all([app.close(), grpc?.close()]);
    signal.removeEventListener('abort', destroy);
    await jobs.close();
  }
}

/** Where it listens now. */
async function listenHttp(app: FastifyInstance, { parts, host, port }: ServeOptions): Promise<string> {
  await app.listen({ host, port }).catch((error: unknown) => {
    throw cannotListen(error, `${host}, port ${port}`, '--host and --port');
  });
  const { address, port: given } = app.server.address() as AddressInfo;
  return `${parts.tls === null ? 'http' : 'https'}://${shownHost(address)}:${given}`;
}

/** Its libraries are loaded where it is wanted. */
async function listenGrpc(parts: ServerParts, { host, grpcPort }: ServeOptions): Promise<GrpcServer | null> {
  if (grpcPort === null) return null;
  const { startGrpcServer } = await import('./grpc/grpc-server.ts');
  return startGrpcServer(parts, { host, port: grpcPort }).catch((error: unknown) => {
    throw cannotListen(error, `${host}, port ${grpcPort}, for gRPC`, '--host and --grpc-port');
  });
}

function shownHost(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

/** Jobs that were named must be right; of all others, those that are wrong are left out. */
async function loadFirst(options: ServeOptions): Promise<string> {
  const loaded = await options.load();
  const [problem] = loaded.problems;
  if (options.areNamed && problem !== undefined) throw problem.error;
  return takeOver(options, loaded, '');
}

/** Takes over changes of the job files and of the tokens as long as the server runs. */
async function keepLoading(options: ServeOptions, toldFirst: string): Promise<void> {
  const { drain, sleep, parts, loadTokens } = options;
  const loadJobs = telling(parts.log, 'The jobs stay as they are', toldFirst, async (told) =>
    takeOver(options, await options.load(), told),
  );
  const takeTokens = telling(parts.log, 'The tokens stay as they are', '', async () => {
    if (loadTokens !== null) parts.tokens.replace(await loadTokens());
    return '';
  });
  while (!drain.aborted) {
    await sleep(RELOAD_MS, drain);
    if (drain.aborted) return;
    await takeTokens();
    await loadJobs();
  }
}

/** Tells what keeps `load` from its work once, and not each time. `load` is given what was told last. */
function telling(
  log: Log,
  what: string,
  toldFirst: string,
  load: (told: string) => Promise<string>,
): () => Promise<void> {
  let told = toldFirst;
  return async () => {
    try {
      told = await load(told);
    } catch (error) {
      if (!(error instanceof ServeBatchError)) throw error;
      if (told !== error.message) log.warn(`${what}: ${error.message}`);
      told = error.message;
    }
  };
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

function cannotListen(error: unknown, where: string, flags: string): ServeBatchError {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: 'another program listens there',
    EADDRNOTAVAIL: 'this machine has no such address',
    EACCES: 'this user may not listen there',
    ENOTFOUND: 'there is no host of that name',
  };
  // gRPC tells the code in its message only.
  const code = systemErrorCode(error) ?? /\bE[A-Z]+\b/.exec(String(error))?.[0] ?? '';
  return new ServeBatchError(
    'USAGE',
    `The server cannot listen on ${where}: ${reasons[code] ?? String(error)}. Give another one with ${flags}.`,
    { cause: error },
  );
}
