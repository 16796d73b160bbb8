import { PATIENCE_MS, throughFailover } from '../connection/failover.ts';
import { SCAN_COUNT } from '../one-server.ts';
import { LAYOUT_FIELD, LIST_FIELD, type RedisKeys } from '../redis-keys.ts';
import { texts } from '../redis-reader.ts';
import type { ClusterConnection } from './cluster-connection.ts';
import { SCAN_HERE } from './cluster-scripts.ts';

type Found = readonly [key: string, size: string];

/** Every key of a generation with its number of values, master by master. A key that moves may be named twice, or not. */
export async function* sizesInCluster(
  cluster: ClusterConnection,
  keys: RedisKeys,
  generation: string,
): AsyncGenerator<(readonly [key: string, values: number])[]> {
  const meta = keys.meta(generation);
  const layout = (await cluster.run((client) => client.hget(meta, LAYOUT_FIELD), PATIENCE_MS.long)) ?? 'hash';
  const pattern = keys.seriesPattern(generation);
  const counter = new SizeReader(cluster, meta, layout);
  const { masters } = await throughFailover(() => cluster.map(), PATIENCE_MS.long);
  for (const { connection } of masters) {
    let cursor = '0';
    do {
      const from = cursor;
      const [next, ...found] = texts(
        await connection.run((redis) => redis.eval(SCAN_HERE, 0, from, pattern, SCAN_COUNT, layout)),
      );
      yield await counter.read(pairs(found));
      cursor = next ?? '0';
    } while (cursor !== '0');
  }
}

function pairs(flat: readonly string[]): Found[] {
  return Array.from(
    { length: Math.floor(flat.length / 2) },
    (_, at) => [flat[at * 2] ?? '', flat[at * 2 + 1] ?? ''] as const,
  );
}

/** Turns what a master said of keys into numbers of values. */
class SizeReader {
  readonly #cluster: ClusterConnection;
  readonly #meta: string;
  readonly #isPacked: boolean;
  /** Fields of each list, by its id. */
  readonly #lists = new Map<string, number>();

  constructor(cluster: ClusterConnection, meta: string, layout: string) {
    this.#cluster = cluster;
    this.#meta = meta;
    this.#isPacked = layout === 'packed';
  }

  async read(page: readonly Found[]): Promise<(readonly [key: string, values: number])[]> {
    const known = await Promise.all(
      page.map(async ([key, size]) => [key, size === '?' ? await this.#sizeElsewhere(key) : size] as const),
    );
    await this.#readLists(known.flatMap(([, size]) => (size.startsWith('#') ? [size.slice(1)] : [])));
    return known.map(([key, size]) => [key, this.#values(size)] as const).filter(([, values]) => values > 0);
  }

  /** Where its list of fields is gone, nobody can read a packed text. */
  #values(size: string): number {
    return size.startsWith('#') ? (this.#lists.get(size.slice(1)) ?? 0) : Number(size);
  }

  async #readLists(ids: readonly string[]): Promise<void> {
    const missing = [...new Set(ids)].filter((id) => !this.#lists.has(id));
    if (missing.length === 0) return;
    const lists = await this.#cluster.run(
      (client) => client.hmget(this.#meta, ...missing.map((id) => `${LIST_FIELD}${id}`)),
      PATIENCE_MS.long,
    );
    for (const [index, list] of lists.entries())
      if (list !== null) this.#lists.set(missing[index] ?? '', list.split('\n').length);
  }

  /** Of a key on its way from one master to another: the driver finds it. */
  #sizeElsewhere(key: string): Promise<string> {
    return this.#cluster.run(async (client) => {
      const type = await client.type(key);
      if (type === 'hash') return String(await client.hlen(key));
      if (type === 'none') return '0';
      const [id] = /^[0-9a-f]{16}(?=\n)/.exec(await client.getrange(key, 0, 16)) ?? [];
      return this.#isPacked && id !== undefined ? `#${id}` : '1';
    }, PATIENCE_MS.long);
  }
}
