import { type ChildProcess, execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { vi } from 'vitest';
import { endServer, freePort, startServer } from './redis-server.ts';

const run = promisify(execFile);

/** Of a cluster: after so long without an answer a node counts as dead. */
const NODE_TIMEOUT_MS = 1_000;
/** Of sentinels: after so long without an answer the primary counts as dead. */
const DOWN_AFTER_MS = 500;
/** After twice as long they replace a primary again. */
const FAILOVER_TIMEOUT_MS = 2_000;

/** Redis servers that belong together, on free ports of this machine, with a folder each, and nothing saved. */
export interface RedisGroup {
  readonly url: string;
  readonly ports: readonly number[];
  /** Runs one command on one of them with redis-cli and returns what it prints. */
  cli(port: number, ...command: string[]): Promise<string>;
  /** Ends one of them at once, as a crash would. */
  kill(port: number): Promise<void>;
  /** Stops one of them without ending it, or lets it go on. */
  signal(port: number, signal: 'SIGSTOP' | 'SIGCONT'): void;
  stop(): Promise<void>;
}

export interface RedisCluster extends RedisGroup {
  /** The ports of the masters that answer, with their node ids and slots. */
  masters(): Promise<readonly ClusterNode[]>;
  /** Empties all masters. */
  flush(): Promise<void>;
}

export interface ClusterNode {
  readonly port: number;
  readonly id: string;
  /** The first and the last slot of each range. */
  readonly slots: readonly (readonly [first: number, last: number])[];
}

export interface RedisSentinels extends RedisGroup {
  /** The port that the sentinels name. */
  primary(): Promise<number>;
  /** Has the replica take over from a primary that is well. */
  failOver(): Promise<void>;
}

/** Three masters with a replica each. */
export async function startCluster(args: readonly string[] = []): Promise<RedisCluster> {
  const group = await startGroup(6, async (port, folder) => [
    ...serverArguments(port, folder),
    ...['--cluster-enabled', 'yes', '--cluster-node-timeout', String(NODE_TIMEOUT_MS)],
    // The usual one, 10,000 above, may be above the last port there is.
    ...['--cluster-port', String(await freePort())],
    ...args,
  ]);
  const { ports, cli } = group;
  await run('redis-cli', [
    ...['--cluster', 'create', ...ports.map((port) => `127.0.0.1:${port}`)],
    ...['--cluster-replicas', '1', '--cluster-yes'],
  ]);
  const masters = async () => parseNodes(await cli(group.alive()[0] ?? 0, 'CLUSTER', 'NODES'));
  await vi.waitFor(async () => {
    for (const port of ports) {
      const info = await cli(port, 'CLUSTER', 'INFO');
      if (!/cluster_state:ok/.test(info)) throw new Error('the cluster is not up');
      const replication = await cli(port, 'INFO', 'replication');
      if (!/connected_slaves:1|master_link_status:up/.test(replication)) throw new Error('no replicas yet');
    }
  }, 30_000);
  return {
    ...group,
    url: `redis+cluster://${ports.map((port) => `127.0.0.1:${port}`).join(',')}`,
    masters,
    flush: async () => {
      // Replicas refuse it: theirs goes with that of their masters.
      for (const answer of await Promise.all(group.alive().map((port) => ask(port, 'FLUSHALL'))))
        if (!/^(\+OK|-READONLY)/.test(answer)) throw new Error(`a node was not emptied: ${answer}`);
    },
  };
}

/** A primary, a replica, and three sentinels that watch them under the name `predictions`. */
export async function startSentinels(): Promise<RedisSentinels> {
  const servers = await startGroup(2, async (port, folder) => serverArguments(port, folder));
  const [first = 0, second = 0] = servers.ports;
  await servers.cli(second, 'REPLICAOF', '127.0.0.1', String(first));
  const sentinels = await startGroup(3, async (port, folder) => {
    const file = join(folder, 'sentinel.conf');
    await writeFile(
      file,
      `port ${port}\nbind 127.0.0.1\ndir ${folder}\nsentinel monitor predictions 127.0.0.1 ${first} 2\n` +
        `sentinel down-after-milliseconds predictions ${DOWN_AFTER_MS}\nsentinel failover-timeout predictions ${FAILOVER_TIMEOUT_MS}\n`,
    );
    return [file, '--sentinel'];
  });
  const { ports, cli } = sentinels;
  // They find each other, and the replica, through the primary.
  await vi.waitFor(async () => {
    for (const port of ports) {
      const facts = await cli(port, 'SENTINEL', 'MASTER', 'predictions');
      if (!/num-slaves\n1\n/.test(facts) || !/num-other-sentinels\n2\n/.test(facts))
        throw new Error(`the sentinels do not know each other yet:\n${facts}`);
    }
  }, 60_000);
  return {
    ...servers,
    url: `redis+sentinel://${ports.map((port) => `127.0.0.1:${port}`).join(',')}/predictions`,
    primary: async () => {
      const [, port] = (await cli(ports[0] ?? 0, 'SENTINEL', 'get-master-addr-by-name', 'predictions')).split(
        '\n',
      );
      return Number(port);
    },
    failOver: async () => {
      await cli(ports[0] ?? 0, 'SENTINEL', 'FAILOVER', 'predictions');
    },
    stop: async () => {
      await sentinels.stop();
      await servers.stop();
    },
  };
}

async function startGroup(size: number, argumentsOf: (port: number, folder: string) => Promise<string[]>) {
  const folder = await mkdtemp(join(tmpdir(), 'serve-batch-redis-'));
  const children = new Map<number, ChildProcess>();
  // Where the tests themselves are cut short.
  const onExit = () => {
    for (const child of children.values()) child.kill('SIGKILL');
  };
  process.once('exit', onExit);
  for (let index = 0; index < size; index++) {
    const port = await freePort();
    const own = join(folder, String(port));
    await mkdir(own);
    children.set(port, await startServer(await argumentsOf(port, own), port));
  }
  const ports = [...children.keys()];
  const childOf = (port: number): ChildProcess => {
    const child = children.get(port);
    if (child === undefined) throw new Error(`no server has port ${port}`);
    return child;
  };
  return {
    ports,
    alive: () => ports.filter((port) => childOf(port).exitCode === null && childOf(port).signalCode === null),
    cli: async (port: number, ...command: string[]) => {
      const { stdout } = await run('redis-cli', ['-h', '127.0.0.1', '-p', String(port), ...command]);
      return stdout.trimEnd();
    },
    kill: (port: number) => endServer(childOf(port)),
    signal: (port: number, signal: 'SIGSTOP' | 'SIGCONT') => {
      childOf(port).kill(signal);
    },
    stop: async () => {
      process.off('exit', onExit);
      for (const child of children.values()) await endServer(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Sends one command, and returns the first line of the answer: a process of redis-cli takes ten times as long. */
async function ask(port: number, command: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port });
  try {
    socket.setEncoding('utf8').write(`${command}\r\n`);
    let answer = '';
    for await (const text of socket) {
      answer += text;
      if (answer.includes('\r\n')) break;
    }
    return answer.trimEnd();
  } finally {
    socket.destroy();
  }
}

function serverArguments(port: number, folder: string): string[] {
  return [
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder],
    ...['--save', '', '--appendonly', 'no', '--repl-diskless-sync-delay', '0'],
  ];
}

/** Lines such as `ID 127.0.0.1:7000@17000 master - 0 0 1 connected 0-5460`. */
function parseNodes(text: string): ClusterNode[] {
  return text.split('\n').flatMap((line) => {
    const [id = '', address = '', flags = '', , , , , , ...ranges] = line.split(' ');
    if (!flags.includes('master') || flags.includes('fail')) return [];
    const slots = ranges.flatMap((range) => {
      const [, first, last] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? [];
      return first === undefined ? [] : [[Number(first), Number(last ?? first)] as const];
    });
    return slots.length === 0 ? [] : [{ id, port: Number(/:(\d+)@/.exec(address)?.[1]), slots }];
  });
}
