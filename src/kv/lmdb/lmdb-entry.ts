import { ServeBatchError } from '../../core/errors.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { sameBytes } from '../bytes.ts';
import type { RowGroup } from '../group-rows.ts';

/**
 * How the values that one shard has for one key are laid out in an LMDB value:
 *
 *     flags (1 byte) · end of life (8 bytes, if flagged) · the value as UTF-8
 *     flags (1 byte) · end of life (8 bytes, if flagged) · number of fields · field, value, field, value ...
 *
 * The number, and the sizes before fields and values, are varints. Fields are distinct and sorted.
 */
const HAS_FIELDS = 1;
const EXPIRES = 2;
const UNUSED_FLAGS = 0xfc;

/** Appends the entry of a group. */
export function writeEntry(writer: ByteWriter, group: RowGroup, expiresAtMs: number | null): void {
  const { bytes, count, hasFields, fieldStarts, valueStarts, valueEnds } = group;
  writer.byte((hasFields ? HAS_FIELDS : 0) | (expiresAtMs === null ? 0 : EXPIRES));
  if (expiresAtMs !== null) writer.float64(expiresAtMs);
  if (!hasFields) {
    writer.piece(bytes, valueStarts[0] ?? 0, valueEnds[0] ?? 0);
    return;
  }
  writer.varint(count);
  for (let index = 0; index < count; index++) {
    const fieldStart = fieldStarts[index] ?? 0;
    const valueStart = valueStarts[index] ?? 0;
    const valueEnd = valueEnds[index] ?? 0;
    writer.varint(valueStart - fieldStart);
    writer.piece(bytes, fieldStart, valueStart);
    writer.varint(valueEnd - valueStart);
    writer.piece(bytes, valueStart, valueEnd);
  }
}

/** Reads an entry. Throws `STORE_REFUSED` for bytes that {@link writeEntry} did not write. */
export class LmdbEntry {
  readonly #bytes: Buffer;
  readonly #bodyStart: number;
  /** Milliseconds since 1970; null: lasts until dropped. */
  readonly expiresAtMs: number | null;
  readonly hasFields: boolean;

  constructor(bytes: Buffer) {
    const flags = bytes[0] ?? UNUSED_FLAGS;
    const expires = (flags & EXPIRES) !== 0;
    if ((flags & UNUSED_FLAGS) !== 0 || (expires && bytes.length < 9)) throw damaged();
    this.#bytes = bytes;
    this.hasFields = (flags & HAS_FIELDS) !== 0;
    this.expiresAtMs = expires ? bytes.readDoubleBE(1) : null;
    this.#bodyStart = expires ? 9 : 1;
  }

  /** The same entry in memory of its own. */
  copy(): LmdbEntry {
    return new LmdbEntry(Buffer.from(this.#bytes));
  }

  /** The value of an entry without fields. */
  plain(): string {
    return this.#bytes.toString('utf8', this.#bodyStart);
  }

  fieldCount(): number {
    return readVarint(this.#bytes, this.#bodyStart).value;
  }

  /** The value of one field, given as UTF-8. */
  field(wanted: Buffer): string | undefined {
    const bytes = this.#bytes;
    let { value: left, end: at } = readVarint(bytes, this.#bodyStart);
    for (; left > 0; left--) {
      const field = readVarint(bytes, at);
      const value = readVarint(bytes, field.end + field.value);
      at = value.end + value.value;
      if (field.value === wanted.length && sameBytes(bytes, field.end, wanted, 0, wanted.length))
        return bytes.toString('utf8', value.end, at);
    }
    return undefined;
  }

  /** Puts all fields into a map; what is there under the same field is replaced. */
  readInto(series: Map<string, string>): void {
    const bytes = this.#bytes;
    let { value: left, end: at } = readVarint(bytes, this.#bodyStart);
    for (; left > 0; left--) {
      const field = readVarint(bytes, at);
      const value = readVarint(bytes, field.end + field.value);
      at = value.end + value.value;
      series.set(
        bytes.toString('utf8', field.end, field.end + field.value),
        bytes.toString('utf8', value.end, at),
      );
    }
  }
}

function readVarint(bytes: Buffer, start: number): { value: number; end: number } {
  let value = 0;
  let scale = 1;
  for (let at = start; ; at++) {
    const byte = bytes[at];
    if (byte === undefined) throw damaged();
    if (byte < 128) return { value: value + byte * scale, end: at + 1 };
    value += (byte - 128) * scale;
    scale *= 128;
  }
}

function damaged(): ServeBatchError {
  return new ServeBatchError(
    'STORE_REFUSED',
    'An entry of the LMDB file cannot be read: the file is damaged or from another program. Load it again from the parts with "serve-batch publish RUN".',
  );
}
