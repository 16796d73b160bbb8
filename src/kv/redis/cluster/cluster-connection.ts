import type { Cluster, ClusterOptions } from 'ioredis';
import { ServeBatchError } from '../../../core/errors.ts';
import { missingPackage } from '../../missing-package.ts';
import { throughFailover } from '../connection/failover.ts';
import type { RedisAddress, RedisMembers } from '../connection/redis-address.ts';
import { RedisConnection, type RedisTimeouts } from '../connection/redis-connection.ts';
import { redisError } from '../redis-errors.ts';
import { tlsOptions } from '../redis-url.ts';
import { SLOTS, tagOfSlot } from './key-slot.ts';

export type ClusterAddress = RedisAddress & { readonly members: RedisMembers & { kind: 'cluster' } };

/** A server that holds some of the slots. */
export interface Master {
  readonly connection: RedisConnection;
  /** Keys that have it in braces lie on this server: in its last slot, since slots move away from the first on. */
  readonly tag: string;
  /** Whether others may take over from it. */
  readonly hasReplicas: boolean;
}

/** Which server holds which slot, as the cluster said last. */
export interface ClusterMap {
  readonly masters: readonly Master[];
  /** The place among the masters of each slot's. */
  readonly masterOf: Uint16Array;
}

/**
 * The connections to a cluster: the driver's, which sends a command to the server of its key and follows where that
 * sends it; and one to each master, for what is asked of all of them.
 */
export class ClusterConnection {
  readonly address: ClusterAddress;
  readonly timeouts: RedisTimeouts;
  #client: Promise<Cluster> | undefined;
  /** By host and port. */
  readonly #connections = new Map<string, RedisConnection>();

  constructor(address: ClusterAddress, timeouts: RedisTimeouts) {
    this.address = address;
    this.timeouts = timeouts;
  }

  /**
   * Runs commands, and runs them again while the cluster has no server for their keys, until the patience is over.
   * Throws `STORE_UNAVAILABLE` or `STORE_REFUSED`.
   */
  run<T>(commands: (client: Cluster) => Promise<T>, patienceMs: number): Promise<T> {
    return throughFailover(() => this.#once(commands), patienceMs);
  }

  /** Asks the cluster which server holds which slot. Throws `STORE_UNAVAILABLE` where nobody holds some of them. */
  async map(): Promise<ClusterMap> {
    return await this.#once(async (client) => {
      await new Promise<void>((resolve, reject) => {
        client.refreshSlotsCache((error) => (error ? reject(error) : resolve()));
      });
      return this.#mapOf(client.slots);
    });
  }

  #mapOf(slots: readonly (readonly string[] | undefined)[]): ClusterMap {
    const masters: Master[] = [];
    const places = new Map<string, number>();
    const masterOf = new Uint16Array(SLOTS);
    for (let slot = SLOTS - 1; slot >= 0; slot--) {
      const [name, ...replicas] = slots[slot] ?? [];
      if (name === undefined) throw this.#uncovered(slot);
      const place = places.get(name) ?? masters.length;
      if (place === masters.length) {
        const connection = this.#connectionTo(name);
        masters.push({ connection, tag: tagOfSlot(slot), hasReplicas: replicas.length > 0 });
        places.set(name, place);
      }
      masterOf[slot] = place;
    }
    return { masters, masterOf };
  }

  #connectionTo(node: string): RedisConnection {
    const known = this.#connections.get(node);
    if (known !== undefined) return known;
    const colon = node.lastIndexOf(':');
    const server = { host: node.slice(0, colon), port: Number(node.slice(colon + 1)), db: 0 };
    const connection = new RedisConnection({ ...this.address, ...server }, this.timeouts);
    this.#connections.set(node, connection);
    return connection;
  }

  #uncovered(slot: number): ServeBatchError {
    return new ServeBatchError(
      'STORE_UNAVAILABLE',
      `No server of the Redis Cluster ${this.address.url} holds slot ${slot}. Look at it with "redis-cli --cluster check HOST:PORT".`,
      { fields: { slot } },
    );
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    for (const connection of this.#connections.values()) await connection.close();
    this.#connections.clear();
    await client?.then(
      (connected) => connected.disconnect(),
      () => {},
    );
  }

  async #once<T>(commands: (client: Cluster) => Promise<T>): Promise<T> {
    try {
      return await within(this.timeouts.answerMs, commands(await this.#connected()));
    } catch (error) {
      throw clusterError(error, this.address);
    }
  }

  async #connected(): Promise<Cluster> {
    this.#client ??= connectCluster(this.address, this.timeouts);
    const pending = this.#client;
    try {
      const client = await pending;
      if (client.status === 'ready') return client;
      client.disconnect();
    } catch (error) {
      if (this.#client === pending) this.#client = undefined;
      throw error;
    }
    // Another caller may have seen the loss before and be connecting already.
    if (this.#client === pending) this.#client = undefined;
    return this.#connected();
  }
}

async function connectCluster(address: ClusterAddress, timeouts: RedisTimeouts): Promise<Cluster> {
  const ioredis = await import('ioredis').catch((error: unknown) => {
    throw missingPackage('ioredis', error);
  });
  const nodes = address.members.nodes.map(({ host, port }) => ({ host, port }));
  const client = new ioredis.Cluster(nodes, optionsOf(address, timeouts));
  let cause: unknown;
  // Without a listener an error would end the process. The first one says why; later ones that it is over.
  client.on('error', (error: unknown) => {
    cause ??= error;
  });
  try {
    await client.connect();
    return client;
  } catch (error) {
    client.disconnect();
    throw cause ?? error;
  }
}

function optionsOf(address: ClusterAddress, timeouts: RedisTimeouts) {
  const { username, password, tls } = address;
  return {
    lazyConnect: true,
    // A lost cluster is connected to again by whoever asks next, and with its patience.
    clusterRetryStrategy: null,
    // It would ask CLUSTER INFO; a cluster that is down says so to each command.
    enableReadyCheck: false,
    slotsRefreshTimeout: timeouts.connectMs,
    // Names stay names: certificates are made out to them.
    dnsLookup: (name, callback) => callback(null, name),
    redisOptions: {
      connectTimeout: timeouts.connectMs,
      socketTimeout: timeouts.answerMs,
      maxRetriesPerRequest: 0,
      enableReadyCheck: false,
      disableClientInfo: true,
      protocol: 2,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...(tls === null ? {} : { tls: tlsOptions(address) }),
    },
  } as const satisfies ClusterOptions;
}

/** The driver tries again by itself, for longer than anybody waits. */
async function within<T>(limitMs: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${limitMs / 1000} seconds`)), limitMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What the driver says of a cluster, made one of our errors. */
function clusterError(error: unknown, address: ClusterAddress): ServeBatchError {
  const { lastNodeError } = error as { readonly lastNodeError?: unknown };
  const where = address.members.nodes.map(({ host, port }) => `${host}:${port}`).join(', ');
  return redisError(lastNodeError ?? error, address, where);
}
