import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ensureProgram } from './ensure-program.ts';

const run = promisify(execFile);
const START_TIMEOUT_MS = 60_000;

/** Files of the test authority; see the README beside them. */
export const TLS_FILES = {
  ca: fileURLToPath(new URL('./tls/ca.crt', import.meta.url)),
  cert: fileURLToPath(new URL('./tls/server.crt', import.meta.url)),
  key: fileURLToPath(new URL('./tls/server.key', import.meta.url)),
} as const;

export interface RedisServerOptions {
  readonly password?: string;
  /** TLS on the port, and nothing else. Clients need no certificate. */
  readonly tls?: boolean;
  /** More arguments, such as `--maxmemory 2mb`. */
  readonly args?: readonly string[];
}

export interface RedisServer {
  /** With the password, and with the authority where TLS is on. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Runs one command with redis-cli and returns what it prints. */
  cli(...command: string[]): Promise<string>;
  /** Ends the server and starts it again on the same port, with no data. */
  restart(): Promise<void>;
  /** Ends the server at once, as a crash would; `restart` brings it back. */
  kill(): Promise<void>;
  /** Ends the server and deletes its folder. */
  stop(): Promise<void>;
}

/** Starts a Redis of its own: a free port of this machine, a folder of its own, nothing saved. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'serve-batch-redis-'));
  const port = await freePort();
  const args = serverArguments(options, folder, port);
  let child = await startServer(args, port);
  const kill = async () => endServer(child);
  // Where the tests themselves are cut short.
  const onExit = () => child.kill('SIGKILL');
  process.once('exit', onExit);
  return {
    url: urlOf(options, port),
    host: '127.0.0.1',
    port,
    cli: async (...command) => {
      const { stdout } = await run('redis-cli', [...clientArguments(options, port), ...command]);
      return stdout.trimEnd();
    },
    kill,
    restart: async () => {
      await kill();
      child = await startServer(args, port);
    },
    stop: async () => {
      process.off('exit', onExit);
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Makes sure that the program `redis-server` is there, as {@link ensureProgram} does. */
export function ensureRedisServer(): Promise<void> {
  return ensureProgram({
    name: 'redis-server',
    debianPackage: 'redis-server',
    howTo:
      'with "apt-get install redis-server" (Debian, Ubuntu), "brew install redis" (macOS) or "dnf install redis" (Fedora)',
  });
}

function serverArguments(
  { password, tls, args }: RedisServerOptions,
  folder: string,
  port: number,
): string[] {
  const ports = tls
    ? ['--port', '0', '--tls-port', String(port), '--tls-auth-clients', 'no', ...tlsFileArguments()]
    : ['--port', String(port)];
  return [
    ...ports,
    ...['--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no', '--daemonize', 'no'],
    ...(password === undefined ? [] : ['--requirepass', password]),
    ...(args ?? []),
  ];
}

function tlsFileArguments(): string[] {
  return [
    '--tls-cert-file',
    TLS_FILES.cert,
    '--tls-key-file',
    TLS_FILES.key,
    '--tls-ca-cert-file',
    TLS_FILES.ca,
  ];
}

function clientArguments({ password, tls }: RedisServerOptions, port: number): string[] {
  return [
    ...['-h', '127.0.0.1', '-p', String(port)],
    ...(tls ? ['--tls', '--cacert', TLS_FILES.ca] : []),
    ...(password === undefined ? [] : ['--no-auth-warning', '-a', password]),
  ];
}

function urlOf({ password, tls }: RedisServerOptions, port: number): string {
  const login = password === undefined ? '' : `:${encodeURIComponent(password)}@`;
  const authority = tls ? `?ca=${encodeURIComponent(TLS_FILES.ca)}` : '';
  return `${tls ? 'rediss' : 'redis'}://${login}127.0.0.1:${port}${authority}`;
}

/** Starts `redis-server` with these arguments, and waits until it listens. */
export async function startServer(args: readonly string[], port: number): Promise<ChildProcess> {
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => {
      output += text;
    });
  const endsAt = Date.now() + START_TIMEOUT_MS;
  while (!(await accepts(port))) {
    if (child.exitCode !== null || Date.now() > endsAt) {
      await endServer(child);
      throw new Error(`redis-server did not start on port ${port}:\n${output}`);
    }
    await sleep(20);
  }
  return child;
}

/** At once, as a crash would. */
export async function endServer(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}
