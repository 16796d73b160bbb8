import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { ServeBatchError } from '../../core/errors.ts';
import { openContent } from './csv-bytes.ts';
import type { CsvDialect } from './csv-dialect.ts';
import { QuoteScanner } from './quote-scanner.ts';
import type { Quoting } from './split-records.ts';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * Copies a CSV so that DuckDB can read it: every record ends in a line feed alone, whatever mixture of
 * newlines the file has, and UTF-16 becomes UTF-8. Newlines in quotes stay as they are. Lines before the table keep
 * their number and nothing else. False: the file cannot be unpacked here.
 */
export async function writePlainCopy(
  source: string,
  target: string,
  dialect: Quoting & Pick<CsvDialect, 'encoding' | 'skip'>,
): Promise<boolean> {
  const content = openContent(source);
  if (content === null) return false;
  const scanner = new QuoteScanner(dialect);
  await pipeline(
    content,
    (blocks: AsyncIterable<Buffer>) =>
      withLineFeeds(withPlainSkip(asBytes(blocks, dialect.encoding, source), dialect.skip), scanner),
    createWriteStream(target, { flags: 'wx' }),
  );
  return true;
}

/** UTF-16 as UTF-8; other encodings have the same bytes for quotes, delimiters and newlines. */
async function* asBytes(
  blocks: AsyncIterable<Buffer>,
  encoding: string,
  source: string,
): AsyncGenerator<Buffer> {
  if (!encoding.startsWith('utf-16')) {
    yield* blocks;
    return;
  }
  // Half a character is an error: nothing is put in its place.
  const decoder = new TextDecoder(encoding === 'utf-16be' ? 'utf-16be' : 'utf-16le', { fatal: true });
  try {
    for await (const block of blocks) yield Buffer.from(decoder.decode(block, { stream: true }));
    yield Buffer.from(decoder.decode());
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new ServeBatchError(
      'INPUT_UNREADABLE',
      `${source} has bytes that are not UTF-16, although it begins as such a file or input.csv.encoding says so. Expected whole characters; check that the copy or the export is complete, and set input.csv.encoding (utf-8, utf-16 or latin-1).`,
      { cause: error, fields: { file: source } },
    );
  }
}

/** Lines that are skipped are replaced by others, which nobody takes for anything else. */
async function* withPlainSkip(blocks: AsyncIterable<Buffer>, lines: number): AsyncGenerator<Buffer> {
  yield Buffer.from('-\n'.repeat(lines));
  const skipper = new LineSkipper(lines);
  for await (const block of blocks) yield block.subarray(skipper.endIn(block));
}

/** Finds the end of the first lines, whatever each ends in. */
class LineSkipper {
  #left: number;
  #wasReturn = false;

  constructor(lines: number) {
    this.#left = lines;
  }

  /** Where the lines end in the next block; its length where they go on behind it. */
  endIn(block: Buffer): number {
    let at = 0;
    for (; at < block.length && (this.#left > 0 || this.#wasReturn); at++) {
      const isSecond = this.#wasReturn && block[at] === LINE_FEED;
      this.#wasReturn = false;
      if (this.#left === 0 && !isSecond) break;
      this.#wasReturn = block[at] === CARRIAGE_RETURN;
      if (this.#wasReturn || (block[at] === LINE_FEED && !isSecond)) this.#left--;
    }
    return at;
  }
}

async function* withLineFeeds(blocks: AsyncIterable<Buffer>, scanner: QuoteScanner): AsyncGenerator<Buffer> {
  // Whether a record has just ended in a carriage return: a line feed behind it belongs to it.
  let afterReturn = false;
  for await (const block of blocks) {
    const pieces: Buffer[] = [];
    let from = 0;
    let lastReturn: number = afterReturn ? -1 : -2;
    scanner.scan(block, (index, byte, isQuoted) => {
      if (isQuoted) return;
      const isSecond = byte === LINE_FEED && lastReturn === index - 1;
      if (byte === CARRIAGE_RETURN) lastReturn = index;
      if (byte === LINE_FEED && !isSecond) return;
      pieces.push(block.subarray(from, index));
      if (byte === CARRIAGE_RETURN) pieces.push(Buffer.from('\n'));
      from = index + 1;
    });
    afterReturn = lastReturn === block.length - 1;
    pieces.push(block.subarray(from));
    yield Buffer.concat(pieces);
  }
}
