import { ServeBatchError } from '../../core/errors.ts';

/**
 * Keys of an LMDB file. The first byte says what an entry is, so that no user's key meets one of ours:
 *
 *     1 · series key (UTF-8, escaped) · 0 · shard (4 bytes, big-endian)      what one shard has for a key
 *     2 · a name                                                            marks and information
 *
 * In a series key a zero byte is written 1 1 and a one byte 1 2: so the zero that ends it is the only
 * one, all shards of a key are neighbours, and they stand in the order of the shards.
 */
const ENTRY = 1;
const META = 2;
const SHARD_BYTES = 4;

/** Beginning of the names of marks; the shard's index follows. */
export const SHARD = 'shard:';

/** lmdb-js allows this many bytes with the default page size. */
const LMDB_KEY_BYTES = 1978;
/** Bytes of a series key that fit: without the kind, the ending zero and the shard. */
export const MAX_KEY_BYTES = LMDB_KEY_BYTES - 2 - SHARD_BYTES;

export const ENTRIES_START = Buffer.from([ENTRY]);
/** Exclusive. */
export const ENTRIES_END = Buffer.from([META]);
/** Exclusive. */
export const META_END = Buffer.from([META + 1]);

export function metaKey(name: string): Buffer {
  return Buffer.from(`${String.fromCharCode(META)}${name}`, 'utf8');
}

export function metaName(key: Buffer): string {
  return key.toString('utf8', 1);
}

/** Builds keys into one buffer that is used again and again. */
export class EntryKeyWriter {
  readonly #bytes = Buffer.alloc(LMDB_KEY_BYTES);

  /**
   * The key of a shard's entry for the series key in `source` from `start` to `end` (exclusive): a view,
   * valid until the next call. Throws `STORE_REFUSED` for too long a key.
   */
  write(source: Buffer, start: number, end: number, shard: number): Buffer {
    const bytes = this.#bytes;
    bytes[0] = ENTRY;
    let at = 1;
    for (let index = start; index < end; index++) {
      const byte = source[index] as number;
      if (at + (byte <= 1 ? 1 : 0) > MAX_KEY_BYTES) throw tooLong(source, start, end);
      if (byte <= 1) bytes[at++] = 1;
      bytes[at++] = byte === 0 ? 1 : byte === 1 ? 2 : byte;
    }
    bytes[at++] = 0;
    return bytes.subarray(0, bytes.writeUInt32BE(shard, at));
  }
}

/** Where the entries of a key begin and end (exclusive). */
export interface SeriesRange {
  readonly start: Buffer;
  readonly end: Buffer;
}

/** Undefined for a key that cannot be in the file. */
export function seriesRange(key: string): SeriesRange | undefined {
  const escaped = escapeKey(key);
  const size = Buffer.byteLength(escaped);
  if (size > MAX_KEY_BYTES) return undefined;
  const start = Buffer.allocUnsafe(size + 2);
  start[0] = ENTRY;
  start.write(escaped, 1, 'utf8');
  start[size + 1] = 0;
  const end = Buffer.from(start);
  end[size + 1] = 1;
  return { start, end };
}

/** The key of a shard's entry for a series that {@link seriesRange} has a range for. */
export function entryKey({ start }: SeriesRange, shard: number): Buffer {
  const key = Buffer.allocUnsafe(start.length + SHARD_BYTES);
  start.copy(key);
  key.writeUInt32BE(shard, start.length);
  return key;
}

/** Where the entries of the series that an entry key belongs to begin and end (exclusive). */
export function seriesOf(entryKey: Buffer): SeriesRange {
  const start = Buffer.from(entryKey.subarray(0, entryKey.length - SHARD_BYTES));
  const end = Buffer.from(start);
  end[end.length - 1] = 1;
  return { start, end };
}

/** The shard that an entry key ends with. */
export function shardOf(entryKey: Buffer): number {
  return entryKey.readUInt32BE(entryKey.length - SHARD_BYTES);
}

/** Whether two entry keys belong to the same series. */
export function sameSeries(a: Buffer, b: Buffer): boolean {
  const size = a.length - SHARD_BYTES;
  return b.length === a.length && a.compare(b, 0, size, 0, size) === 0;
}

function escapeKey(key: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these two are what is escaped
  if (!/[\0\x01]/.test(key)) return key;
  return key.replaceAll('\x01', '\x01\x02').replaceAll('\0', '\x01\x01');
}

function tooLong(source: Buffer, start: number, end: number): ServeBatchError {
  const key = source.subarray(start, end);
  // As it would be written: see the top of this file.
  const bytes = key.length + key.filter((byte) => byte <= 1).length;
  const shown = Buffer.from(key.subarray(0, 60)).toString('utf8');
  return new ServeBatchError(
    'STORE_REFUSED',
    `The key "${shown}..." is ${bytes} bytes long; LMDB takes at most ${MAX_KEY_BYTES}. Make kv.key shorter, move a part of it to kv.field, or use Redis.`,
    { fields: { keyBytes: bytes, maxKeyBytes: MAX_KEY_BYTES } },
  );
}
