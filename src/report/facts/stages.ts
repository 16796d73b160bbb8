import type { ShardRecord, StageSeconds } from '../../runs/record/shard-record.ts';

/** A run that did not end has no record: what its shards say, added up. */
export function stagesOf(shards: readonly ShardRecord[]): StageSeconds | null {
  if (shards.length === 0) return null;
  const of = (stage: keyof StageSeconds): number =>
    shards.reduce((sum, { seconds }) => sum + seconds[stage], 0);
  return {
    read: of('read'),
    features: of('features'),
    infer: of('infer'),
    write: of('write'),
    stage: of('stage'),
  };
}
