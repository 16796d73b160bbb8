import { ServeBatchError } from '../../core/errors.ts';
import type { Plan } from '../../core/plan.ts';
import { openPointer } from '../../kv/open-pointer.ts';
import type { StorePointer } from '../../kv/store.ts';
import type { CanaryRequest } from '../../publish/show-canary.ts';
import { readCanary } from '../../runs/candidates/canary-file.ts';
import { runPaths } from '../../runs/layout.ts';
import { readPlan } from '../../runs/plan/plan-file.ts';
import { markRolledBack, readCurrent, wasPublished } from '../../runs/publication.ts';
import { generationInfo } from './describe-generation.ts';
import type { JobPlace } from './publish-earlier.ts';

/** The run that answers for a share of the keys now; null: there is none. What the store says decides. */
export async function canaryRun(
  { job, folderOfJob, storeUrl }: JobPlace,
  published: string,
): Promise<string | null> {
  const noted = await readCanary(folderOfJob);
  const plan = await readPlan(runPaths(folderOfJob, published).plan);
  const url = plan.kv === null ? null : (storeUrl ?? plan.kv.url);
  if (url === null) return null;
  const store = openPointer({ url, job });
  try {
    const shown = await store.shown();
    if (shown?.canary) return shown.canary.generation;
    return noted?.published === published ? noted.runId : null;
  } finally {
    await store.close();
  }
}

/**
 * Makes sure that a run can answer for some of the keys beside the published one: readers find the predictions of both
 * in the same way. Throws `NOT_FOUND` where nothing is published, and `USAGE`.
 */
export async function canaryBeside(
  folderOfJob: string,
  plan: Plan,
  store: StorePointer | null,
  share: number,
): Promise<CanaryRequest> {
  const published = await readCurrent(folderOfJob);
  if (published === undefined)
    throw new ServeBatchError(
      'NOT_FOUND',
      `The job ${plan.job} has published nothing yet, so no other run could answer for the rest of the keys. Publish the run without --canary.`,
    );
  if (published === plan.runId)
    throw refused(plan, 'it is the published run: it answers for all keys already');
  if (store === null || plan.kv === null) throw refused(plan, 'it has no store to answer from');
  if (plan.incremental !== null)
    throw refused(
      plan,
      'the job takes new data only, so that no run of it holds the predictions of all keys',
    );
  const shown = await store.current();
  if (shown !== published)
    throw refused(
      plan,
      `${store.url} shows ${shown === undefined ? 'no run' : `run ${shown}`}, and the output folder run ${published}. Load that one first, with "serve-batch publish ${published}"`,
    );
  const difference = differenceOf(plan, await readPlan(runPaths(folderOfJob, published).plan));
  if (difference !== null) throw refused(plan, `readers could not read both in the same way: ${difference}`);
  return { published, share };
}

function differenceOf(plan: Plan, before: Plan): string | null {
  if (before.kv === null) return `run ${before.runId} has no store`;
  const [now, then] = [generationInfo(plan), generationInfo(before)];
  for (const [what, name] of [
    ['key', 'kv.key'],
    ['field', 'kv.field'],
    ['values', 'kv.value'],
    ['valueKind', 'the kind of its values'],
  ] as const)
    if (JSON.stringify(now[what]) !== JSON.stringify(then[what]))
      return `${name} is ${JSON.stringify(now[what])} here, and ${JSON.stringify(then[what])} in run ${before.runId}`;
  return null;
}

function refused({ runId }: Plan, why: string): ServeBatchError {
  return new ServeBatchError('USAGE', `Run ${runId} cannot be a canary: ${why}.`, { fields: { runId } });
}

export function noCanary(job: string): ServeBatchError {
  return new ServeBatchError(
    'NOT_FOUND',
    `The job ${job} has no canary. Begin one with: serve-batch publish RUN --canary 5%`,
    { fields: { job } },
  );
}

/** Notes that a canary was taken back: like a run that was rolled back, nothing publishes it by itself. */
export async function markCanaryEnded(folderOfJob: string, runId: string, at: Date): Promise<void> {
  const paths = runPaths(folderOfJob, runId);
  if (!(await wasPublished(paths))) await markRolledBack(paths, { at });
}
