import { open, rename } from 'node:fs/promises';
import { temporaryName } from '../../core/files/durable-file.ts';
import type { SourceFile } from '../../core/table.ts';
import { type Extent, readInto } from '../../storage/download.ts';
import { locate } from '../../storage/open-bucket.ts';
import { changedObject } from './changed-object.ts';
import { joined, missingFrom } from './column-chunks.ts';

/** Files up to this are read whole by the first request. */
const TAIL_BYTES = 256 * 1024;
/** The length of the footer and the magic bytes, at the end of a Parquet file. */
const TRAILER_BYTES = 8;

/**
 * A local file as long as an object, with only those bytes of it that were asked for. Where none were, it has zeros,
 * which take no space, and which a reader of Parquet takes for damage: no value is ever made up.
 */
export class SparseFile {
  readonly path: string;
  readonly #source: SourceFile;
  #there: readonly Extent[] = [];
  #footer: Extent = [0, 0];

  private constructor(source: SourceFile, path: string) {
    this.#source = source;
    this.path = path;
  }

  /** With its footer; a file that has none is read as far as its end. */
  static async open(source: SourceFile, path: string): Promise<SparseFile> {
    const file = new SparseFile(source, path);
    await file.clear();
    return file;
  }

  /** Bytes that were read, without the footer. */
  get bytes(): number {
    return this.#there.reduce((sum, [start, end]) => sum + end - start, 0) - lengthOf(this.#footer);
  }

  /** Reads what of it is not there. Throws `INPUT_CHANGED` where the object is not what it was. */
  async need(extents: readonly Extent[]): Promise<void> {
    const { bytes } = this.#source;
    const within = extents.map(([start, end]) => [start, Math.min(end, bytes)] as const);
    const missing = missingFrom(joined(within), this.#there);
    if (missing.length === 0) return;
    await this.#read(this.path, missing);
    this.#there = joined([...this.#there, ...missing]);
  }

  needAll(): Promise<void> {
    return this.need([[0, this.#source.bytes]]);
  }

  /** Forgets all but the footer. The file stays where it is. */
  async clear(): Promise<void> {
    const { bytes } = this.#source;
    const temporary = temporaryName(this.path);
    const file = await open(temporary, 'wx');
    await file.truncate(bytes).finally(() => file.close());
    if (lengthOf(this.#footer) === 0) this.#footer = await this.#readFooter(temporary);
    else await this.#read(temporary, [this.#footer]);
    await rename(temporary, this.path);
    this.#there = [this.#footer];
  }

  async #readFooter(path: string): Promise<Extent> {
    const { bytes } = this.#source;
    const tail: Extent = [Math.max(0, bytes - TAIL_BYTES), bytes];
    await this.#read(path, [tail]);
    const start = await footerStart(path, bytes);
    if (start >= tail[0]) return tail;
    await this.#read(path, [[start, tail[0]]]);
    return [start, bytes];
  }

  async #read(path: string, extents: readonly Extent[]): Promise<void> {
    const { path: address, version = '' } = this.#source;
    const file = await open(path, 'r+');
    try {
      if (!(await readInto(await locate(address), version, extents, file)))
        throw await changedObject(this.#source);
    } finally {
      await file.close();
    }
  }
}

const lengthOf = ([start, end]: Extent): number => end - start;

/** Where the footer begins; the file's length where it cannot be one of Parquet. */
async function footerStart(path: string, bytes: number): Promise<number> {
  if (bytes < TRAILER_BYTES) return bytes;
  const file = await open(path, 'r');
  try {
    const trailer = Buffer.alloc(TRAILER_BYTES);
    await file.read(trailer, 0, TRAILER_BYTES, bytes - TRAILER_BYTES);
    const start = bytes - TRAILER_BYTES - trailer.readUInt32LE(0);
    return trailer.toString('latin1', 4) === 'PAR1' && start > 0 ? start : bytes;
  } finally {
    await file.close();
  }
}
