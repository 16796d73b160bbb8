import { ByteWriter } from '../byte-writer.ts';

const ASTERISK = 42;
const DOLLAR = 36;
const ZERO = 48;
const CARRIAGE_RETURN = 13;
const NOTHING = new Uint8Array(0);

/** Commands of Redis, encoded one after the other (RESP), that are sent together. */
export class CommandChunk {
  readonly #bytes: ByteWriter;
  /** Where each command starts. */
  readonly #starts: number[] = [];
  #count = 0;

  constructor(capacity: number) {
    this.#bytes = new ByteWriter(capacity);
  }

  /** Commands. */
  get count(): number {
    return this.#count;
  }

  /** Bytes. */
  get length(): number {
    return this.#bytes.length;
  }

  /** All bytes: a view, valid until the next write or {@link clear}. */
  view(): Buffer {
    return this.#bytes.view();
  }

  clear(): void {
    this.#bytes.clear();
    this.#count = 0;
  }

  /** Begins a command of so many parts; each must follow by {@link part} or {@link piece}. */
  begin(parts: number): void {
    this.#starts[this.#count++] = this.#bytes.length;
    this.#bytes.byte(ASTERISK);
    this.#bytes.decimal(parts);
    this.#bytes.lineEnd();
  }

  /** One part of a command. */
  part(text: string): void {
    this.#size(Buffer.byteLength(text));
    this.#bytes.text(text);
    this.#bytes.lineEnd();
  }

  /** One part of a command: the bytes from `start` to `end` (exclusive), behind those of `prefix`. */
  piece(bytes: Uint8Array, start: number, end: number, prefix: Uint8Array = NOTHING): void {
    this.#size(prefix.length + end - start);
    if (prefix.length > 0) this.#bytes.piece(prefix, 0, prefix.length);
    this.#bytes.piece(bytes, start, end);
    this.#bytes.lineEnd();
  }

  /** The parts of some commands, by their places in the chunk: copies, which stay. */
  commandsAt(places: readonly number[]): readonly (readonly Buffer[])[] {
    if (places.length === 0) return [];
    const bytes = Buffer.from(this.view());
    return places.map((place) => partsOf(bytes, this.#starts[place] ?? 0));
  }

  #size(bytes: number): void {
    this.#bytes.byte(DOLLAR);
    this.#bytes.decimal(bytes);
    this.#bytes.lineEnd();
  }
}

/** Reads what {@link CommandChunk} wrote: views. */
function partsOf(bytes: Buffer, start: number): readonly Buffer[] {
  let at = start;
  /** The number of a line such as `*4` or `$12`. */
  const number = (): number => {
    let value = 0;
    for (at++; bytes[at] !== CARRIAGE_RETURN; at++) value = value * 10 + (bytes[at] as number) - ZERO;
    at += 2;
    return value;
  };
  return Array.from({ length: number() }, () => {
    const size = number();
    const part = bytes.subarray(at, at + size);
    at += size + 2;
    return part;
  });
}
