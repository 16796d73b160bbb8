import { previousPublished } from '../../runs/list/published-runs.ts';
import type { RunSummary } from '../../runs/list/run-summary.ts';
import { type Known, known, unknown } from './known.ts';

/**
 * The run that a run is compared with. For one that readers saw: the one they saw before it. For any
 * other: what readers see now or, where nothing was published, the committed run planned last before it.
 * `runs` are all of the job, newest first.
 */
export async function findRunBefore(
  folderOfJob: string,
  run: RunSummary,
  runs: readonly RunSummary[],
): Promise<Known<RunSummary>> {
  const others = runs.filter(({ runId }) => runId !== run.runId);
  const published =
    run.publishedAt === undefined
      ? others.find(({ status }) => status === 'published')?.runId
      : await previousPublished(folderOfJob, run.runId);
  const earlier = others.find(
    ({ record, createdAt }) =>
      record !== undefined && record.error === undefined && createdAt < run.createdAt,
  );
  const before = others.find(({ runId }) => runId === published) ?? earlier;
  return before === undefined
    ? unknown(`No run of ${run.job} was committed before this one, so this page compares with nothing.`)
    : known(before);
}
