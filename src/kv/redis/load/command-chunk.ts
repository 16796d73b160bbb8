import { ByteWriter } from '../../byte-writer.ts';
import { putDecimal, putPiece } from '../../put-bytes.ts';

const ASTERISK = 42;
const DOLLAR = 36;
const ZERO = 48;
const CARRIAGE_RETURN = 13;
const LINE_FEED = 10;
const NOTHING = Buffer.alloc(0);
/** What a part takes beside its bytes, at most: `$4294967295`, and two ends of lines. */
const PART_OVERHEAD = 15;

/** Commands of Redis, encoded one after the other (RESP), that are sent together. */
export class CommandChunk {
  readonly #bytes: ByteWriter;
  /** Where each command starts. */
  readonly #starts: number[] = [];
  #count = 0;
  #isArguments = false;
  #arguments = 0;

  /** @param bytes where they are encoded, behind what is there */
  constructor(bytes: ByteWriter) {
    this.#bytes = bytes;
  }

  /** From here on its commands are arguments of another one: each stands there as the number of its parts, and these. */
  asArguments(): void {
    this.#isArguments = true;
  }

  /** That its commands make. */
  get arguments(): number {
    return this.#arguments;
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
    this.#arguments = 0;
  }

  /** Commands that are encoded already; with none, what belongs to those before it. */
  whole(bytes: Buffer, commands: number): void {
    for (let index = 0; index < commands; index++) this.#starts[this.#count++] = this.#bytes.length;
    this.#bytes.piece(bytes, 0, bytes.length);
  }

  /** Begins a command of so many parts; each must follow by {@link part}, {@link piece} or {@link made}. */
  begin(parts: number): void {
    this.#starts[this.#count++] = this.#bytes.length;
    if (this.#isArguments) {
      this.#arguments += parts + 1;
      this.part(String(parts));
      return;
    }
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
  piece(source: Buffer, start: number, end: number, prefix: Buffer = NOTHING): void {
    const size = prefix.length + end - start;
    const bytes = this.#bytes.room(size + PART_OVERHEAD);
    let at = this.#bytes.length;
    bytes[at] = DOLLAR;
    at = putLineEnd(bytes, putDecimal(bytes, at + 1, size));
    at = putPiece(bytes, at, prefix, 0, prefix.length);
    this.#bytes.wroteTo(putLineEnd(bytes, putPiece(bytes, at, source, start, end)));
  }

  /**
   * One part of a command that `put` writes: it gets the buffer and where to begin, and returns where it ended.
   * @param mostBytes that it writes
   */
  made(mostBytes: number, put: (bytes: Buffer, at: number) => number): void {
    const bytes = this.#bytes.room(mostBytes + PART_OVERHEAD);
    const sizeAt = this.#bytes.length + 1;
    bytes[sizeAt - 1] = DOLLAR;
    const start = putDecimal(bytes, sizeAt, mostBytes) + 2;
    const end = put(bytes, start);
    const real = putLineEnd(bytes, putDecimal(bytes, sizeAt, end - start));
    // The size has fewer digits than room was left for.
    if (real < start) bytes.copyWithin(real, start, end);
    this.#bytes.wroteTo(putLineEnd(bytes, end - (start - real)));
  }

  /**
   * Commands that were made elsewhere, and where each of them starts.
   * @param begin where the first does
   */
  append(commands: Buffer, starts: Uint32Array, begin = 0): void {
    const offset = this.#bytes.length - begin;
    this.#bytes.piece(commands, 0, commands.length);
    for (let index = 0; index < starts.length; index++)
      this.#starts[this.#count++] = offset + (starts[index] as number);
  }

  /** The parts of some commands, by their places in the chunk: copies, which stay. */
  commandsAt(places: readonly number[]): readonly (readonly Buffer[])[] {
    if (places.length === 0) return [];
    const bytes = Buffer.from(this.view());
    return places.map((place) => partsOf(bytes, this.#starts[place] ?? 0, this.#isArguments));
  }

  #size(bytes: number): void {
    this.#bytes.byte(DOLLAR);
    this.#bytes.decimal(bytes);
    this.#bytes.lineEnd();
  }
}

function putLineEnd(bytes: Buffer, at: number): number {
  bytes[at] = CARRIAGE_RETURN;
  bytes[at + 1] = LINE_FEED;
  return at + 2;
}

/** A command by itself. With more parts than there are, the rest follows behind it. */
export function encodeCommand(parts: readonly string[], count = parts.length): Buffer {
  const chunk = new CommandChunk(new ByteWriter(256));
  chunk.begin(count);
  for (const part of parts) chunk.part(part);
  return Buffer.from(chunk.view());
}

/** Reads what {@link CommandChunk} wrote: views. */
function partsOf(bytes: Buffer, start: number, isArguments: boolean): readonly Buffer[] {
  let at = start;
  /** The number of a line such as `*4` or `$12`, or without such a sign before it. */
  const number = (signs = 1): number => {
    let value = 0;
    for (at += signs; bytes[at] !== CARRIAGE_RETURN; at++) value = value * 10 + (bytes[at] as number) - ZERO;
    at += 2;
    return value;
  };
  // Where it is an argument, its own size stands before it.
  if (isArguments) number();
  return Array.from({ length: number(isArguments ? 0 : 1) }, () => {
    const size = number();
    const part = bytes.subarray(at, at + size);
    at += size + 2;
    return part;
  });
}
