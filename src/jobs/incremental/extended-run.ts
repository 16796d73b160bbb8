import type { BoundJob } from '../../config/job-spec.ts';
import { ServeBatchError } from '../../core/errors.ts';
import type { ChainLink } from '../../core/incremental.ts';
import type { DraftPlan, ExtendedRun, Plan } from '../../core/plan.ts';
import { runPaths } from '../../runs/layout.ts';
import { readPlan } from '../../runs/plan/plan-file.ts';
import { readCurrent } from '../../runs/publication.ts';
import { storeUrlOf } from '../plan/locations.ts';
import { generationInfo } from '../publish/describe-generation.ts';

/**
 * The run whose generation in the store the next one goes on from: the one that readers see. Null: the next one
 * begins empty, since it has no store, or takes everything from the beginning.
 */
export async function findExtended(
  spec: BoundJob,
  folderOfJob: string,
  { after, full }: Pick<ChainLink, 'after' | 'full'>,
): Promise<ExtendedRun | null> {
  if (storeUrlOf(spec) === null || after === null || full) return null;
  const runId = await readCurrent(folderOfJob);
  if (runId === undefined) return null;
  const { kv, shards } = await readPlan(runPaths(folderOfJob, runId).plan);
  if (kv === null)
    throw new ServeBatchError(
      'USAGE',
      `The job ${spec.name} has a store now; its published run ${runId} was made without one, so that its predictions are in none. Take everything once with --full.`,
      { fields: { runId } },
    );
  // One more than it has: the last is for rows that share a key and field.
  const shardsOfRun = shards.length + 1;
  return { runId, firstShard: (kv.extends?.firstShard ?? 0) + shardsOfRun };
}

/**
 * Throws `SCHEMA_MISMATCH` where the plan would put keys or values of another kind beside those of the run that it
 * goes on from: a reader could not tell one from the other.
 */
export async function assertExtendable(folderOfJob: string, draft: DraftPlan): Promise<void> {
  const base = draft.kv?.extends;
  if (base === undefined) return;
  const before = factsOf(await readPlan(runPaths(folderOfJob, base.runId).plan));
  for (const [what, now] of Object.entries(factsOf(draft))) {
    const then = before[what];
    if (then === now) continue;
    throw new ServeBatchError(
      'SCHEMA_MISMATCH',
      `The ${what} is ${now}; in run ${base.runId}, whose predictions this run adds to, it was ${then ?? 'none'}. Change it back, or take everything once with --full.`,
      { fields: { runId: base.runId, was: then ?? 'none', is: now } },
    );
  }
}

function factsOf(
  plan: Pick<Plan, 'runId' | 'createdAt' | 'kv' | 'model' | 'output' | 'intervals'>,
): Record<string, string> {
  const { key, field, values, valueKind, columnTypes = {} } = generationInfo(plan);
  const types = Object.entries(columnTypes).filter(([name]) => !values.includes(name));
  return {
    'key (kv.key)': key,
    'field (kv.field)': field ?? 'none',
    'value (kv.values)': values.join(', '),
    'kind of value': valueKind,
    ...Object.fromEntries(types.map(([name, type]) => [`type of the key column ${name}`, type])),
  };
}
