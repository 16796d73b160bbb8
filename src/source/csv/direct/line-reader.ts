import { isUtf8 } from 'node:buffer';
import { closeSync, openSync, readSync } from 'node:fs';
import type { Newline } from '../plain/record-automaton.ts';
import type { Segment } from './cut-pieces.ts';

/** The longest line that is taken, as where DuckDB reads what was proved. */
const BUFFER_BYTES = 1 << 20;
const NEWLINE_BYTES = 2;
const LINE_FEED = 0x0a;

/** Reads whole lines of files, buffer by buffer. */
export class LineReader {
  readonly buffer = Buffer.alloc(BUFFER_BYTES + NEWLINE_BYTES);
  /** The same: to those who read byte by byte a buffer is another kind of array. */
  readonly bytes = new Uint8Array(this.buffer.buffer);

  /**
   * `take` is told where the lines in the buffer end, and where the buffer begins in the file. False: it said so, or
   * they are not lines of UTF-8.
   */
  read(
    path: string,
    segment: Segment & { readonly newline: Newline },
    take: (to: number, position: number) => boolean,
  ): boolean {
    const descriptor = openSync(path, 'r');
    try {
      return this.#readAll(descriptor, segment, take);
    } finally {
      closeSync(descriptor);
    }
  }

  #readAll(
    descriptor: number,
    { from, to, newline }: Segment & { readonly newline: Newline },
    take: (to: number, position: number) => boolean,
  ): boolean {
    const { buffer } = this;
    let kept = 0;
    for (let position = from; position < to; ) {
      const start = position - kept;
      const most = Math.min(BUFFER_BYTES - kept, to - position);
      const count = readSync(descriptor, buffer, kept, most, position);
      if (count === 0) return false;
      position += count;
      let length = kept + count;
      // The last line of a file may have no newline.
      if (position === to && buffer[length - 1] !== LINE_FEED)
        length += buffer.write(newline, length, 'latin1');
      const end = buffer.lastIndexOf(LINE_FEED, length - 1) + 1;
      if (end === 0 || !isUtf8(buffer.subarray(0, end)) || !take(end, start)) return false;
      buffer.copyWithin(0, end, length);
      kept = length - end;
    }
    return kept === 0;
  }
}
