import type { Estimate } from '../../core/estimate.ts';
import type { Plan } from '../../core/plan.ts';
import { heldBytes } from '../../kv/held-bytes.ts';
import { showStoreUrl } from '../../kv/store-kinds.ts';
import type { RunRecord } from '../../runs/record/run-record.ts';

/** Runs of the past that count. */
export const RUNS_COUNTED = 5;
/** Runs of the same machine vary by so much, however alike the counted ones were. */
const LEAST_SPREAD = 0.15;
/** The one run that is known may have been an exception. */
const SPREAD_OF_ONE = 0.3;

/**
 * What a run takes by the newest runs like it, newest first: the same model and engine, on as many cores, into
 * the same store, every shard computed by one command. Null: there was none. Pure.
 */
export function estimateOfRuns(
  plan: Pick<Plan, 'model' | 'engine' | 'kv' | 'input'>,
  records: readonly RunRecord[],
  cpus: number,
): Estimate | null {
  const alike = records.filter((record) => isAlike(record, plan, cpus)).slice(0, RUNS_COUNTED);
  const [newest] = alike;
  if (newest === undefined) return null;
  const { rows } = plan.input;
  const starts = alike.map(startOf);
  const rates = alike.map((record) => (record.durationSeconds - startOf(record)) / record.rowsIn);
  const kvs = alike.flatMap(({ kv, rowsIn }) => (kv === null ? [] : [{ ...kv, rowsIn }]));
  const perRow = (of: (each: (typeof kvs)[number]) => number): number =>
    median(kvs.map((each) => of(each) / each.rowsIn)) * rows;
  const size = {
    keys: perRow(({ keys }) => keys),
    values: perRow(({ values }) => values),
    bytes: perRow(({ bytes }) => bytes),
  };
  return {
    basis: { kind: 'runs', runs: alike.length, newest: newest.runId },
    seconds: median(starts) + median(rates) * rows,
    partBytes: median(alike.map(({ output, rowsIn }) => output.bytes / rowsIn)) * rows,
    store:
      plan.kv === null ? null : { bytes: size.bytes, held: heldBytes(plan.kv.url, plan.kv.layout, size) },
    within: spreadOf(alike.map(({ durationSeconds, rowsIn }) => durationSeconds / rowsIn)),
  };
}

function isAlike(
  record: RunRecord,
  { model, engine, kv }: Pick<Plan, 'model' | 'engine' | 'kv'>,
  cpus: number,
): boolean {
  return (
    record.status !== 'failed' &&
    record.rowsIn > 0 &&
    record.shards.reused === 0 &&
    record.machines === undefined &&
    record.host.cpus === cpus &&
    record.model.sha256 === model.sha256 &&
    (record.engine?.name ?? 'onnxruntime') === engine.name &&
    (record.kv?.url ?? null) === (kv === null ? null : showStoreUrl(kv.url))
  );
}

function startOf({ firstRowSeconds, durationSeconds }: RunRecord): number {
  return Math.min(firstRowSeconds ?? 0, durationSeconds);
}

/** Half of what lies between the fastest and the slowest, by the middle; not less than machines vary anyway. */
function spreadOf(secondsPerRow: readonly number[]): number {
  if (secondsPerRow.length === 1) return SPREAD_OF_ONE;
  const range = Math.max(...secondsPerRow) - Math.min(...secondsPerRow);
  return Math.max(LEAST_SPREAD, range / 2 / median(secondsPerRow));
}

/** The middle one; the mean of the two in the middle. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0)) / 2;
}
