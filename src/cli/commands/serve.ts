import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, type Option } from 'commander';
import { systemClock } from '../../core/effects.ts';
import { ServeBatchError } from '../../core/errors.ts';
import type { Addresses } from '../../serving/serve.ts';
import type { CliContext } from '../context.ts';
import {
  addOptions,
  DEFAULT_GRACE_SECONDS,
  debugOption,
  graceOption,
  kvOption,
  option,
  outputOption,
  repeatable,
} from '../options.ts';

const DEFAULT_HOST = '127.0.0.1';
const DEFAULT_PORT = 8080;

interface ServeFlags {
  readonly host?: string;
  readonly port?: number;
  readonly grpcPort?: number;
  readonly tokenFile?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsClientCa?: string;
  readonly allowAnonymous?: boolean;
  readonly allowHost?: readonly string[];
  readonly page?: boolean;
  readonly output?: string;
  readonly kv?: string;
  readonly grace?: number;
  readonly debug?: boolean;
}

const portOption = (flags: string, description: string): Option =>
  option(flags, description).argParser((value: string) => {
    const port = Number(value);
    if (/^\d+$/.test(value) && port <= 65_535) return port;
    throw new InvalidArgumentError('Expected a whole number from 0 to 65535.');
  });

export function addServeCommand(program: Command, context: CliContext): void {
  const command = program
    .command('serve')
    .description('Answer requests for published predictions over HTTP and gRPC.')
    .argument('[jobs...]', 'the jobs (default: all that have a store)');
  addOptions(command, [
    option('--host <address>', `the address to listen on; 0.0.0.0 or :: for all (default: ${DEFAULT_HOST})`),
    portOption('--port <n>', `the port; 0 takes any free one (default: ${DEFAULT_PORT})`),
    portOption('--grpc-port <n>', 'also speak gRPC (the Open Inference Protocol), on this port'),
    option('--token-file <path>', 'a file with the accepted bearer tokens, one per line'),
    option('--tls-cert <path>', 'the certificate of the server, PEM; with --tls-key'),
    option('--tls-key <path>', 'its private key, PEM'),
    option('--tls-client-ca <path>', 'accept only clients with a certificate of this authority, PEM'),
    option('--allow-anonymous', 'listen beyond this machine without tokens or client certificates'),
    repeatable('--allow-host <name>', 'also answer to this name while listening on this machine only'),
    option('--no-page', "leave out the operator's page, which shows what the files of runs say"),
    outputOption(),
    kvOption(),
    graceOption('requests in progress'),
    debugOption(),
  ]);
  command.addHelpText(
    'after',
    `
Examples:
  serve-batch serve                                        all jobs, on http://127.0.0.1:8080
  serve-batch serve weekly-forecast --host 0.0.0.0 --token-file tokens.txt
  curl 'http://127.0.0.1:8080/v1/jobs/weekly-forecast/predictions?store=1&product=2&date=2026-11-21'`,
  );
  command.action((jobs: readonly string[], flags: ServeFlags) => serveJobs(context, jobs, flags));
}

async function serveJobs(context: CliContext, names: readonly string[], flags: ServeFlags): Promise<void> {
  const { host = DEFAULT_HOST, port = DEFAULT_PORT, tokenFile } = flags;
  const { AllowedHosts, isLoopback } = await import('../../serving/http/allowed-hosts.ts');
  if (!isLoopback(host)) assertProtected(host, flags);
  if (flags.kv !== undefined) context.secrets.addUrl(flags.kv);
  const { serveContext } = await import('../serve-context.ts');
  const { serve } = await import('../../serving/serve.ts');
  const { sleep } = await import('../schedule-context.ts');
  const { listenToHangups } = await import('../watch/hangup.ts');
  const { cwd, env, secrets, signal, drain } = context;
  context.allowGrace(flags.grace ?? DEFAULT_GRACE_SECONDS);
  const { loadSources } = await import('../../serving/load-sources.ts');
  const { loadWhenChanged } = await import('../../serving/load-when-changed.ts');
  const loadTokens = tokenFile === undefined ? null : () => readTokens(context, tokenFile);
  const parts = serveContext(context, {
    debug: flags.debug === true,
    tokens: (await loadTokens?.()) ?? [],
    hosts: new AllowedHosts(host, flags.allowHost),
    tls: await readTls(cwd, flags),
    hasPage: flags.page !== false,
  });
  // A terminal that is closed ends what was started in it.
  const { pause, stop } = context.isTerminal ? { pause: sleep, stop: () => {} } : listenToHangups(sleep);
  await serve({
    ...{ parts, host, port, loadTokens, drain, signal },
    grpcPort: flags.grpcPort ?? null,
    load: loadWhenChanged({
      ...{ folder: cwd, clock: systemClock },
      load: () => loadSources({ projectFolder: cwd, env, secrets, names, flags }),
    }),
    areNamed: names.length > 0,
    sleep: pause,
    onListening: (addresses, jobs) => context.out(`${addressesText(addresses)}${jobsText(jobs)}`),
  }).finally(stop);
}

function addressesText({ http, grpc }: Addresses): string {
  return `Listening on ${http}\n${grpc === null ? '' : `Listening on ${grpc} for gRPC\n`}`;
}

function jobsText(jobs: readonly string[]): string {
  return jobs.length === 0
    ? 'No job has a key-value store to answer from yet. Give one a kv.key in jobs/NAME.yaml, and run it.\n'
    : jobs.map((job) => `  ${job}\n`).join('');
}

/** Throws `USAGE` where anybody on the network would be answered without that being said. */
function assertProtected(host: string, flags: ServeFlags): void {
  if (flags.allowAnonymous || flags.tokenFile !== undefined || flags.tlsClientCa !== undefined) return;
  throw new ServeBatchError(
    'USAGE',
    `--host ${host} would answer everybody who can reach this machine. Add --token-file or --tls-client-ca, or say that this is wanted with --allow-anonymous.`,
  );
}

async function readTokens(context: CliContext, file: string): Promise<readonly string[]> {
  const { parseTokens } = await import('../../serving/http/tokens.ts');
  const tokens = parseTokens(await readGivenFile(context.cwd, file, '--token-file'), file);
  for (const token of tokens) context.secrets.add(token);
  return tokens;
}

async function readTls(cwd: string, { tlsCert, tlsKey, tlsClientCa }: ServeFlags) {
  if (tlsCert === undefined && tlsKey === undefined && tlsClientCa === undefined) return null;
  if (tlsCert === undefined || tlsKey === undefined)
    throw new ServeBatchError('USAGE', 'TLS needs both --tls-cert and --tls-key.');
  const files = {
    cert: await readGivenFile(cwd, tlsCert, '--tls-cert'),
    key: await readGivenFile(cwd, tlsKey, '--tls-key'),
  };
  if (tlsClientCa === undefined) return files;
  const ca = await readGivenFile(cwd, tlsClientCa, '--tls-client-ca');
  return { ...files, ca, requestCert: true, rejectUnauthorized: true };
}

async function readGivenFile(cwd: string, file: string, flag: string): Promise<string> {
  try {
    return await readFile(resolve(cwd, file), 'utf8');
  } catch (error) {
    throw new ServeBatchError('USAGE', `${flag} ${file} cannot be read: ${String(error)}.`, { cause: error });
  }
}
