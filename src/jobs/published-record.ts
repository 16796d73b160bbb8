import type { Plan } from '../core/plan.ts';
import type { RunRecord } from '../runs/record/run-record.ts';
import type { KvCounts } from './finish-run.ts';

/** The record of a run that was committed earlier and is published now. */
export function publishedRecord(committed: RunRecord, plan: Plan, kv: KvCounts | null): RunRecord {
  const held =
    kv === null || plan.kv === null ? committed.kv : { url: plan.kv.url, generation: plan.runId, ...kv };
  return { ...committed, status: 'published', kv: held };
}
