import { existsSync } from 'node:fs';
import type { Plan, ShardPlan } from '../../core/plan.ts';
import type { ValueAddress } from '../../kv/store.ts';
import { partName, type RunPaths } from '../../runs/layout.ts';
import { findRow } from '../../sinks/kv/find-row.ts';
import type { Database } from '../../source/duckdb/database.ts';
import { findRowPlace, type LinePlace } from '../../source/row-place.ts';
import { rejectedRows } from '../rejects/rejected-rows.ts';
import { explainRow, type MaybeExplained } from './explain-row.ts';
import { type SeenValues, seenValues } from './seen-values.ts';

/** Where a prediction comes from. Rows count from 1. */
export interface TracedRow {
  readonly shard: number;
  readonly part: { readonly file: string; readonly row: number };
  /** Null where rejects hide it. */
  readonly input: {
    /** In the whole input. */
    readonly row: number;
    /** Null: of a grid, which has no file. */
    readonly place: LinePlace | null;
  } | null;
  /** The columns that the part has beside the predictions, as texts. */
  readonly kept: Readonly<Record<string, string | null>>;
  readonly features: SeenValues;
  /** Null: it was not asked for. */
  readonly explained: MaybeExplained | null;
}

/** Follows a key of the store back to the input. Null: no row of the run has it. */
export async function traceRow(
  database: Database,
  plan: Plan,
  paths: RunPaths,
  { explain, ...address }: ValueAddress & { readonly explain: boolean },
): Promise<TracedRow | null> {
  if (plan.kv === null) return null;
  const { shards } = plan;
  const columns = plan.output.keptColumns.map(({ name }) => name);
  const parts = shards.map(({ index }) => paths.part(index));
  const found = await findRow(database, plan.kv, parts, { ...address, columns });
  const shard = found === null ? undefined : shards[found.part];
  if (found === null || shard === undefined) return null;
  const row = await inputRowOf(database, plan, paths, shard, found.row);
  const why = 'rejects of several files leave open which row it is';
  const features = row === null ? { values: null, why } : await seenValues(database, plan, row, found.texts);
  return {
    shard: shard.index,
    part: { file: partName(shard.index), row: found.row + 1 },
    input: row === null ? null : { row: row + 1, place: await placeOf(database, plan, row) },
    kept: found.texts,
    features,
    explained: explain ? await explained(database, plan, row, features) : null,
  };
}

/** Only a row that is what the model saw can be explained. */
async function explained(
  database: Database,
  plan: Plan,
  row: number | null,
  features: SeenValues,
): Promise<MaybeExplained> {
  if (features.values === null) return { explanation: null, why: features.why };
  if (row === null) throw new TypeError('A row with features has a number');
  return explainRow(database, plan, row);
}

/** The input row, from 0, of a row of a part, which has those of its shard without the rejects. */
async function inputRowOf(
  database: Database,
  plan: Plan,
  paths: RunPaths,
  shard: ShardPlan,
  partRow: number,
): Promise<number | null> {
  const rejected = await rejectedRows(database, plan, paths, shard);
  if (rejected === null) return null;
  let row = shard.rowStart + partRow;
  for (const each of rejected) if (each <= row) row++;
  return row;
}

/** The lines of a CSV are known as long as its typed copy is there. */
async function placeOf(database: Database, { input }: Plan, row: number): Promise<LinePlace | null> {
  if (input.grid !== null) return null;
  const places = input.places !== null && existsSync(input.places) ? input.places : null;
  return findRowPlace(database, { ...input, places }, row);
}
