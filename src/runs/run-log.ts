import { renameSync, statSync } from 'node:fs';
import type { Clock, Log, LogFields } from '../core/effects.ts';
import { systemErrorCode } from '../core/errors.ts';
import { appendToFile, storeGrown } from '../core/files/durable-file.ts';
import { obtain, sharedMirrorOf } from '../core/files/mirror.ts';
import { pathExists } from './json-file.ts';

/** Beyond this a log goes on in a new file; the one before it is kept, and what is older is gone. */
const MOST_BYTES = 2 ** 20;
/** Lines that are kept until the run has a folder. */
const MOST_WAITING = 1000;

/** As pino numbers them, so that the same programs read all logs. */
export const LOG_LEVELS = { debug: 20, info: 30, warn: 40, error: 50 } as const;
type Level = keyof typeof LOG_LEVELS;

export interface RunLogOptions {
  readonly clock: Clock;
  /** Takes what must not be shown out of a line. */
  readonly mask: (line: string) => string;
  /** Gets every line, too. */
  readonly also: Log;
}

/**
 * The log of one run, JSON lines in its folder: what its commands said, and what its child processes wrote to
 * standard error. Lines are written at once, so that those before a kill are there. A log that cannot be written
 * fails nothing.
 */
export class RunLog implements Log {
  readonly #options: RunLogOptions;
  readonly #mostBytes: number;
  #waiting: string[] = [];
  #path: string | null = null;
  #bytes = 0;
  #isBroken = false;

  constructor(options: RunLogOptions, mostBytes = MOST_BYTES) {
    this.#options = options;
    this.#mostBytes = mostBytes;
  }

  debug(message: string, fields?: LogFields): void {
    this.#say('debug', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#say('info', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#say('warn', message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#say('error', message, fields);
  }

  /** A line for the log alone: others have it already, or do not want it. */
  note(level: Level, message: string, fields: LogFields = {}): void {
    const { clock, mask } = this.#options;
    const line = {
      level: LOG_LEVELS[level],
      time: clock.now().toISOString(),
      pid: process.pid,
      ...fields,
      msg: message,
    };
    this.#waiting.push(mask(JSON.stringify(line)));
    this.#write();
  }

  /** From here on lines go to this file, those from before first. */
  begin(path: string): void {
    this.#path = path;
    this.#bytes = sizeOf(path);
    this.#write();
  }

  /** As {@link begin}, of a run that may have a log already. */
  async resume(path: string): Promise<void> {
    await obtain(path).catch(() => {});
    this.begin(path);
  }

  /** Brings the log to a bucket, in which nothing grows line by line. Never throws. */
  async store(): Promise<void> {
    const path = this.#path;
    if (path === null || this.#isBroken || sharedMirrorOf(path) === undefined) return;
    for (const each of [earlierLog(path), path])
      if (await pathExists(each)) await storeGrown(each).catch(() => {});
  }

  #say(level: Level, message: string, fields?: LogFields): void {
    this.#options.also[level](message, fields);
    this.note(level, message, fields);
  }

  #write(): void {
    if (this.#path === null || this.#isBroken) {
      this.#waiting = this.#waiting.slice(-MOST_WAITING);
      return;
    }
    const text = this.#waiting.map((line) => `${line}\n`).join('');
    try {
      if (this.#bytes > 0 && this.#bytes + text.length > this.#mostBytes) this.#startAnew(this.#path);
      appendToFile(this.#path, text);
      this.#bytes += Buffer.byteLength(text);
      this.#waiting = [];
    } catch (error) {
      // The folder is made with the plan: until then they wait.
      if (systemErrorCode(error) !== 'ENOENT') this.#isBroken = true;
      this.#waiting = this.#waiting.slice(-MOST_WAITING);
    }
  }

  #startAnew(path: string): void {
    renameSync(path, earlierLog(path));
    this.#bytes = 0;
    const mark = { level: LOG_LEVELS.info, time: this.#options.clock.now().toISOString(), pid: process.pid };
    const msg = `the log goes on here: it had reached ${this.#mostBytes} bytes. Lines before those of the other file are gone`;
    appendToFile(path, `${JSON.stringify({ ...mark, msg })}\n`);
  }
}

/** Where the lines before those of a log are, if it has grown too long: `log.1.jsonl`. */
export function earlierLog(path: string): string {
  return path.replace(/\.jsonl$/, '.1.jsonl');
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
}
