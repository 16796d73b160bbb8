import type { RedisServer } from '../../test/support/redis-server.ts';
import type { DataFolder } from '../data/data-folder.ts';
import type { Measurement, Summary } from '../measure/measurement.ts';

/** What all cases share. */
export interface Bench {
  readonly data: DataFolder;
  readonly cores: number;
  /** All numbers of rows that were asked for, ascending. */
  readonly rows: readonly number[];
  /** Rows of the peers, which are too slow for more. */
  readonly peerRows: number;
  /** More flags for every `serve-batch run`. */
  readonly runFlags: readonly string[];
  /** A Redis of the benchmark's own, started when it is first asked for. */
  redis(): Promise<RedisServer>;
  log(line: string): void;
}

/** One comparison: serve-batch beside its limits or its peers. */
export interface BenchCase {
  readonly name: string;
  readonly about: string;
  /** `each`: once for each number of rows asked for; `once`: the case chooses its rows itself. */
  readonly runs: 'each' | 'once';
  /** Roughly, on two cores: what making ready takes, and one round. For the printed plan. */
  estimateSeconds(rows: number): { readonly prepare: number; readonly round: number };
  /** Makes ready what is not measured. Throws `LeftOut` where the machine lacks something. */
  prepare(bench: Bench, rows: number): Promise<PreparedCase>;
}

export interface PreparedCase {
  /** In the order of a round; every round measures each of them once. */
  readonly contenders: readonly Contender[];
  figures(results: Results): readonly Figure[];
  release?(): Promise<void>;
}

export interface Contender {
  readonly name: string;
  /** In fresh processes. */
  measure(): Promise<Measurement>;
}

/** The medians by the name of the contender. */
export type Results = ReadonlyMap<string, Summary>;

/** A figure of the benchmark, with what is wanted of it. */
export interface Figure {
  readonly title: string;
  readonly value: number;
  readonly unit: Unit;
  /** Null where there is none, and the figure is for information. */
  readonly target: Target | null;
  readonly note?: string;
}

export type Unit = 'x' | '%' | 's' | 'us' | 'MB' | 'rows/s';
export type Target = { readonly atLeast: number } | { readonly atMost: number };

/** A case that cannot run on this machine; the message says why. */
export class LeftOut extends Error {}

/** Throws where the case has no such contender. */
export function resultOf(results: Results, name: string): Summary {
  const found = results.get(name);
  if (found === undefined) throw new Error(`There is no contender "${name}".`);
  return found;
}

export function isMet({ value, target }: Figure): boolean | null {
  if (target === null) return null;
  return 'atLeast' in target ? value >= target.atLeast : value <= target.atMost;
}
