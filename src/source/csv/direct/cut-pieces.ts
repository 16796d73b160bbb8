import { type FileHandle, open } from 'node:fs/promises';
import type { CsvDialect } from '../csv-dialect.ts';
import { type FileShape, headOf } from '../plain/file-head.ts';
import { countLineFeeds } from './count-line-feeds.ts';
import { GROUP_ROWS, MOST_PIECE_BYTES } from './parquet/group-size.ts';

/** Whole lines of a file, by bytes. */
export interface Segment {
  /** Its place among all files. */
  readonly file: number;
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

/** The lines of one row group, which may stand in several files. */
export interface Piece {
  readonly rows: number;
  readonly segments: readonly Segment[];
}

export interface CutFile {
  readonly path: string;
  readonly dialect: CsvDialect;
}

/** What is known of a file once its first lines were seen. */
export type OnHead = (file: number, shape: FileShape) => void;

const BLOCK_BYTES = 1 << 20;
/** Looked at as a whole, where no row group ends in it. */
const STRIDE_BYTES = 1 << 14;
const LINE_FEED = 0x0a;
const NO_NEWLINE = -1;

/**
 * Cuts files behind so many lines as a row group has rows, if each line is a record: whoever reads the pieces finds
 * out whether it is. A piece that is null: a file is not to be read so, by its beginning or the length of its lines.
 */
export class PieceCutter {
  /** Of each file, the lines that were cut. */
  readonly rows: number[] = [];
  readonly #files: readonly CutFile[];
  readonly #onHead: OnHead;
  #segments: Segment[] = [];
  #rows = 0;

  constructor(files: readonly CutFile[], onHead: OnHead) {
    this.#files = files;
    this.#onHead = onHead;
  }

  async *pieces(): AsyncGenerator<Piece | null> {
    for (const [index, { path, dialect }] of this.#files.entries()) {
      const file = await open(path);
      try {
        const head = await headOf(file, dialect);
        if (head === null) {
          yield null;
          return;
        }
        this.#onHead(index, head);
        this.rows.push(0);
        yield* this.#cut(file, index, head.from);
      } finally {
        await file.close();
      }
    }
    if (this.#rows > 0) yield this.#take();
  }

  async *#cut(file: FileHandle, index: number, start: number): AsyncGenerator<Piece | null> {
    const block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
    let from = start;
    let position = start;
    let last: number = LINE_FEED;
    for (;;) {
      const { bytesRead } = await file.read(block, 0, BLOCK_BYTES, position);
      if (bytesRead === 0) break;
      for (let at = 0; at < bytesRead; ) {
        const to = Math.min(bytesRead, at + STRIDE_BYTES);
        const lines = countLineFeeds(block, at, to);
        if (this.#rows + lines < GROUP_ROWS) {
          this.#count(index, lines);
          at = to;
          continue;
        }
        at = behindLine(block, at, GROUP_ROWS - this.#rows);
        this.#count(index, GROUP_ROWS - this.#rows);
        this.#segments.push({ file: index, from, to: position + at });
        from = position + at;
        yield this.#take();
      }
      last = block[bytesRead - 1] ?? last;
      position += bytesRead;
    }
    // The last line of a file may have no newline.
    if (last !== LINE_FEED) this.#count(index, 1);
    if (from < position) this.#segments.push({ file: index, from, to: position });
  }

  #count(file: number, lines: number): void {
    this.#rows += lines;
    this.rows[file] = (this.rows[file] ?? 0) + lines;
  }

  /** Null: its lines are too long to be held in memory. */
  #take(): Piece | null {
    const piece = { rows: this.#rows, segments: this.#segments };
    this.#segments = [];
    this.#rows = 0;
    const bytes = piece.segments.reduce((sum, { from, to }) => sum + to - from, 0);
    return bytes > MOST_PIECE_BYTES ? null : piece;
  }
}

function behindLine(block: Buffer, from: number, lines: number): number {
  let at = from;
  for (let line = 0; line < lines; line++) {
    const end = block.indexOf(LINE_FEED, at);
    if (end === NO_NEWLINE) throw new RangeError('There are as many lines as were counted');
    at = end + 1;
  }
  return at;
}
