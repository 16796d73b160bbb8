import type { MissedRange, OccurrenceRecord } from '../../runs/occurrence/occurrence-record.ts';
import type { RunOfOccurrence } from '../../runs/occurrence/runs-by-occurrence.ts';
import type { OccurrenceLedger } from './decide.ts';

/** A record from the future was written under a clock that was wrong: what it says of time does not count. */
export const CLOCK_TOLERANCE_MS = 60_000;

export function isCredible({ at }: { readonly at: string }, now: Date): boolean {
  return Date.parse(at) <= now.getTime() + CLOCK_TOLERANCE_MS;
}

/**
 * What a ledger knows, by the time of an occurrence. A job may have thousands of open occurrences, and each look asks
 * about all of them: files name them by texts, and to make the text of an instant takes longer than all the rest.
 */
export class KnownOccurrences {
  readonly now: Date;
  readonly #records: ReadonlyMap<number, OccurrenceRecord>;
  readonly #runs: ReadonlyMap<number, RunOfOccurrence>;
  readonly #waits: ReadonlySet<number>;
  readonly #missed: readonly { readonly from: number; readonly to: number }[];
  readonly #published: number | null;

  constructor({ records, runs, waits, missed, published }: OccurrenceLedger, now: Date) {
    this.now = now;
    this.#records = byTime(records);
    this.#runs = byTime(runs);
    this.#waits = new Set(byTime(waits).keys());
    this.#missed = missed.filter((range) => isCredible(range, now)).map(timesOf);
    this.#published = published === null ? null : Date.parse(published);
  }

  recordOf(occurrence: Date): OccurrenceRecord | undefined {
    return this.#records.get(occurrence.getTime());
  }

  runOf(occurrence: Date): RunOfOccurrence | undefined {
    return this.#runs.get(occurrence.getTime());
  }

  /** Whether it was seen to wait for its data. */
  isAwaited(occurrence: Date): boolean {
    return this.#waits.has(occurrence.getTime());
  }

  isMissed(occurrence: Date): boolean {
    const at = occurrence.getTime();
    return this.#missed.some(({ from, to }) => from <= at && at <= to);
  }

  /** Whether readers see a newer one. */
  isOvertaken(occurrence: Date): boolean {
    const published = this.#published;
    return published !== null && published > occurrence.getTime() && published <= this.now.getTime();
  }
}

function byTime<T>(known: ReadonlyMap<string, T>): Map<number, T> {
  return new Map([...known].map(([at, value]) => [Date.parse(at), value]));
}

function timesOf({ from, to }: MissedRange): { readonly from: number; readonly to: number } {
  return { from: Date.parse(from), to: Date.parse(to) };
}
