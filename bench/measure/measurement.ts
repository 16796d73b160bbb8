import type { PeakMemory } from './measure-command.ts';

/** One contender, measured once in a fresh process. */
export interface Measurement {
  readonly rows: number;
  readonly wallSeconds: number;
  /** Of all processes of the contender. Null where it was not measured. */
  readonly cpuSeconds: number | null;
  /** Null where it was not measured: the rows of a limit lie in memory on purpose. */
  readonly memory: PeakMemory | null;
  /** What else is worth keeping: seconds by stage, sizes, settings that were chosen. */
  readonly details: Readonly<Record<string, number | string | null>>;
}

/** The medians over the rounds of one contender. */
export interface Summary extends Measurement {
  readonly rowsPerSecond: number;
  readonly rounds: readonly Measurement[];
}

/** The middle value; the mean of the two in the middle where their number is even. NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Throws where there are no rounds. */
export function summarise(rounds: readonly Measurement[]): Summary {
  const [first] = rounds;
  if (first === undefined) throw new Error('There is nothing to take the median of.');
  const wallSeconds = median(rounds.map((round) => round.wallSeconds));
  return {
    rows: first.rows,
    wallSeconds,
    rowsPerSecond: first.rows / wallSeconds,
    cpuSeconds: medianOrNull(rounds.map((round) => round.cpuSeconds)),
    memory: medianMemory(rounds),
    details: medianDetails(rounds),
    rounds,
  };
}

function medianOrNull(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : median(known);
}

function medianMemory(rounds: readonly Measurement[]): PeakMemory | null {
  const known = rounds.map(({ memory }) => memory).filter((memory) => memory !== null);
  if (known.length === 0) return null;
  return {
    largestBytes: median(known.map(({ largestBytes }) => largestBytes)),
    largestAnonymousBytes: median(known.map(({ largestAnonymousBytes }) => largestAnonymousBytes)),
    togetherBytes: median(known.map(({ togetherBytes }) => togetherBytes)),
  };
}

/** Medians of numbers; of anything else what the last round said. */
function medianDetails(rounds: readonly Measurement[]): Measurement['details'] {
  const names = new Set(rounds.flatMap(({ details }) => Object.keys(details)));
  return Object.fromEntries(
    [...names].map((name) => {
      const values = rounds.map(({ details }) => details[name] ?? null);
      const numbers = values.filter((value) => typeof value === 'number');
      return [name, numbers.length > 0 ? median(numbers) : (values.at(-1) ?? null)];
    }),
  );
}
