import type { Cluster } from 'ioredis';
import { PATIENCE_MS } from '../connection/failover.ts';
import type { RedisFence } from '../fence/redis-fence.ts';
import { mergePacked, type PackedText } from '../packed/merge-packed.ts';
import type { PackedEntry, PackedMerges } from '../packed/packed-merges.ts';
import { countLines, listId } from '../packed/packed-text.ts';
import { pieces } from '../redis-copy.ts';
import { LIST_FIELD } from '../redis-keys.ts';
import type { ClusterConnection } from './cluster-connection.ts';
import type { FencedHere } from './fenced-here.ts';

const ENTRIES_AT_ONCE = 200;

export interface MergesOptions {
  readonly cluster: ClusterConnection;
  /** The key that holds the lists of fields. */
  readonly meta: string;
  readonly ttlSeconds: string | null;
  readonly fence: RedisFence;
  readonly here: FencedHere;
}

/**
 * In a cluster the lists of fields lie on another server than most keys, out of the reach of a script: values are
 * merged here, and take their place only where the key still holds what they were merged with.
 */
export class MergesInClient implements PackedMerges {
  readonly #cluster: ClusterConnection;
  readonly #meta: string;
  readonly #ttl: string;
  readonly #fence: RedisFence;
  readonly #here: FencedHere;
  /** By id, as they were written: one character a byte. */
  readonly #lists = new Map<string, string>();
  readonly #unwritten = new Map<string, Buffer>();
  #waiting: PackedEntry[] = [];

  constructor({ cluster, meta, ttlSeconds, fence, here }: MergesOptions) {
    this.#cluster = cluster;
    this.#meta = meta;
    this.#ttl = ttlSeconds ?? '';
    this.#fence = fence;
    this.#here = here;
  }

  putList(id: string, list: Buffer): void {
    if (this.#lists.has(id)) return;
    const own = Buffer.from(list);
    this.#lists.set(id, own.toString('latin1'));
    this.#unwritten.set(id, own);
  }

  merge(entries: readonly PackedEntry[]): void {
    this.#waiting.push(...entries);
  }

  /** Writes the lists, and merges what waits and what else was refused. How many values were not there before. */
  async finish(refused: readonly PackedEntry[]): Promise<number> {
    await this.#writeLists();
    const entries = [...this.#waiting, ...refused];
    this.#waiting = [];
    let created = 0;
    for (const some of pieces(entries, ENTRIES_AT_ONCE)) {
      const counts = await this.#cluster.run(
        (client) => Promise.all(some.map((entry) => this.#mergeOne(client, entry))),
        PATIENCE_MS.long,
      );
      created += counts.reduce((sum, count) => sum + count, 0);
    }
    return created;
  }

  async #writeLists(): Promise<void> {
    const fields = [...this.#unwritten].map(([id, list]) => [`${LIST_FIELD}${id}`, list] as const);
    this.#unwritten.clear();
    for (const some of pieces(fields, ENTRIES_AT_ONCE))
      await this.#fence.write(this.#meta, 'HSET', ...some.flat());
  }

  async #mergeOne(client: Cluster, { key, packed }: PackedEntry): Promise<number> {
    for (;;) {
      const held = await client.getBuffer(key);
      const { text, created } = await this.#merged(client, held, packed);
      if (await this.#here.replacePacked(client, key, held, text, this.#ttl)) return created;
    }
  }

  async #merged(
    client: Cluster,
    held: Buffer | null,
    packed: Buffer,
  ): Promise<PackedText & { created: number }> {
    const oldId = held === null ? undefined : /^[0-9a-f]{16}\n/.exec(held.toString('latin1', 0, 17))?.[0];
    const oldList = oldId === undefined ? null : await this.#list(client, oldId.trimEnd());
    if (held === null || oldList === null) return { text: packed, created: countLines(packed) };
    if (held.subarray(0, 16).equals(packed.subarray(0, 16))) return { text: packed, created: 0 };
    const newList = (await this.#list(client, packed.toString('latin1', 0, 16))) ?? '';
    const merged = mergePacked({ list: oldList, text: held }, { list: newList, text: packed });
    this.putList(listId(merged.list), merged.list);
    // Before the key that needs it.
    await this.#writeListNow(listId(merged.list));
    return { text: merged.text, created: merged.created };
  }

  async #writeListNow(id: string): Promise<void> {
    const list = this.#unwritten.get(id);
    if (list === undefined) return;
    await this.#fence.write(this.#meta, 'HSET', `${LIST_FIELD}${id}`, list);
    this.#unwritten.delete(id);
  }

  async #list(client: Cluster, id: string): Promise<string | null> {
    const known = this.#lists.get(id);
    if (known !== undefined) return known;
    const list = await client.hgetBuffer(this.#meta, `${LIST_FIELD}${id}`);
    if (list !== null) this.#lists.set(id, list.toString('latin1'));
    return list?.toString('latin1') ?? null;
  }
}
