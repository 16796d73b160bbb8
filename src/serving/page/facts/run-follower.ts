import { readdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Clock } from '../../../core/effects.ts';
import { listAnew } from '../../../core/files/mirror.ts';
import type { Plan } from '../../../core/plan.ts';
import { formatCount } from '../../../core/text/amounts.ts';
import { LogReader } from '../../../history/run-log-lines.ts';
import { formatShare } from '../../../report/numbers.ts';
import { readJsonIfValid } from '../../../runs/json-file.ts';
import { type RunPaths, runPaths } from '../../../runs/layout.ts';
import { readJobState } from '../../../runs/list/run-summary.ts';
import { planSchema } from '../../../runs/plan/plan-schema.ts';
import { LOG_LEVELS } from '../../../runs/run-log.ts';

export interface LogLine {
  /** `14:38:53`, UTC. */
  readonly time: string;
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
}

/** How far a run has come. */
export interface RunProgress {
  readonly isAtWork: boolean;
  /** Rows of the shards that are done, and of all. */
  readonly value: number;
  readonly max: number;
  readonly text: string;
  /** Lines of its log since the last look. */
  readonly lines: readonly LogLine[];
}

/** Lines that are shown; a page has no use for more. */
export const MOST_LINES = 100;
const MOST_CHARACTERS = 1_000;

/** Looks at a run at work, again and again: what is known of it already is not read again. */
export class RunFollower {
  readonly #folderOfJob: string;
  readonly #paths: RunPaths;
  readonly #clock: Clock;
  readonly #log: LogReader;
  #plan: Plan | undefined;
  readonly #done = new Set<number>();
  #rows = 0;

  constructor(folderOfJob: string, runId: string, clock: Clock) {
    this.#folderOfJob = folderOfJob;
    this.#paths = runPaths(folderOfJob, runId);
    this.#clock = clock;
    this.#log = new LogReader(this.#paths.log);
  }

  async look(): Promise<RunProgress> {
    this.#plan ??= await readJsonIfValid(this.#paths.plan, planSchema);
    const { running } = await readJobState(this.#folderOfJob, this.#clock);
    await this.#countShards();
    const lines = (await this.#log.next()).slice(-MOST_LINES).flatMap(logLine);
    // A holder that has not said which run it works on may work on this one.
    const isAtWork = running === this.#paths.runId || running === null;
    const max = this.#plan?.input.rows ?? 0;
    return { isAtWork, value: this.#rows, max: Math.max(max, 1), text: this.#text(max), lines };
  }

  /** A shard is done once it has a record. */
  async #countShards(): Promise<void> {
    await listAnew(dirname(this.#paths.shardRecord(0)));
    const names = new Set(await readdir(dirname(this.#paths.shardRecord(0))).catch(() => []));
    for (const { index, rowStart, rowEnd } of this.#plan?.shards ?? []) {
      if (this.#done.has(index) || !names.has(basename(this.#paths.shardRecord(index)))) continue;
      this.#done.add(index);
      this.#rows += rowEnd - rowStart;
    }
  }

  #text(max: number): string {
    if (this.#plan === undefined) return 'It is being planned.';
    const share = max === 0 ? '' : ` (${formatShare(this.#rows / max)})`;
    return `${formatCount(this.#done.size)} of ${formatCount(this.#plan.shards.length)} shards, ${formatCount(this.#rows)} of ${formatCount(max)} rows${share}`;
  }
}

function logLine(text: string): LogLine[] {
  try {
    const { level, time, msg } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    if (typeof level !== 'number' || typeof time !== 'string' || level < LOG_LEVELS.info) return [];
    const name = level >= LOG_LEVELS.error ? 'error' : level >= LOG_LEVELS.warn ? 'warn' : 'info';
    return [{ time: time.slice(11, 19), level: name, message: String(msg).slice(0, MOST_CHARACTERS) }];
  } catch {
    // A kill has cut it.
    return [];
  }
}
