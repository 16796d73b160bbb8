import { open, readFile } from 'node:fs/promises';
import { fetchContent, lookAnew, sharedMirrorOf } from '../core/files/mirror.ts';
import { isMissing } from '../runs/json-file.ts';
import { earlierLog } from '../runs/run-log.ts';

/** Reads the log of a run, which may still grow and be continued in a new file. */
export class LogReader {
  readonly #path: string;
  #inode: number | null = null;
  #offset = 0;
  /** The beginning of a line whose end is not written yet. */
  #rest = '';

  constructor(path: string) {
    this.#path = path;
  }

  /** The lines since the last call; the first call begins with the oldest that is kept. */
  async next(): Promise<readonly string[]> {
    const isFirst = this.#inode === null;
    const before = isFirst ? linesOf(await textOf(earlierLog(this.#path))) : [];
    return [...before, ...(await this.#read())];
  }

  async #read(): Promise<readonly string[]> {
    await lookAnew(this.#path);
    await fetchContent(this.#path);
    const file = await open(this.#path).catch(unlessMissing);
    if (file === null) return [];
    try {
      const { ino, size } = await file.stat();
      // What stands in a bucket is fetched again as it grows: a new file, with the same lines first.
      const goesOn = sharedMirrorOf(this.#path) !== undefined && size >= this.#offset;
      const wasReplaced = this.#inode !== null && this.#inode !== ino && !goesOn;
      // What was still to be read of the old file is in the one beside it now.
      const rest = wasReplaced ? (await textOf(earlierLog(this.#path))).slice(this.#offset) : '';
      if (this.#inode !== ino && !goesOn) this.#offset = 0;
      this.#inode = ino;
      const bytes = Buffer.alloc(Math.max(size - this.#offset, 0));
      const { bytesRead } = await file.read(bytes, 0, bytes.length, this.#offset);
      this.#offset += bytesRead;
      const text = `${this.#rest}${rest}${bytes.toString('utf8', 0, bytesRead)}`;
      const end = text.lastIndexOf('\n') + 1;
      this.#rest = text.slice(end);
      return linesOf(text.slice(0, end));
    } finally {
      await file.close();
    }
  }
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '');
}

async function textOf(path: string): Promise<string> {
  await fetchContent(path);
  return (await readFile(path, 'utf8').catch(unlessMissing)) ?? '';
}

function unlessMissing(error: unknown): null {
  if (isMissing(error)) return null;
  throw error;
}
