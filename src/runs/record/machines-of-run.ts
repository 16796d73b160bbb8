import type { RunRecord } from './run-record-schema.ts';
import type { ShardRecord } from './shard-record.ts';

type Machine = NonNullable<RunRecord['machines']>[number];

/**
 * What each machine computed of a run, the most rows first. Empty where no shard was handed out and one machine
 * did all: its name says nothing. `waitSeconds` is the mean.
 */
export function machinesOf(records: readonly ShardRecord[]): readonly Machine[] {
  const machines = new Map<string, { shards: number; rows: number; waited: number }>();
  for (const { host, rowsIn, waitSeconds = 0 } of records) {
    if (host === undefined) continue;
    const known = machines.get(host) ?? { shards: 0, rows: 0, waited: 0 };
    machines.set(host, {
      shards: known.shards + 1,
      rows: known.rows + rowsIn,
      waited: known.waited + waitSeconds,
    });
  }
  if (machines.size < 2 && records.every(({ waitSeconds }) => waitSeconds === undefined)) return [];
  return [...machines]
    .map(([host, { shards, rows, waited }]) => ({
      host,
      shards,
      rows,
      waitSeconds: Math.round((waited / shards) * 1000) / 1000,
    }))
    .sort((a, b) => b.rows - a.rows);
}
