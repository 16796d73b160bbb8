import { ServeBatchError } from '../../core/errors.ts';
import type { FoundRun } from '../../runs/list/find-run.ts';
import { previousPublished } from '../../runs/list/published-runs.ts';
import { readCurrent } from '../../runs/publication.ts';
import type { CliContext } from '../context.ts';
import { foldersOfJobs, type PlaceFlags } from './job-place.ts';
import { findReported } from './reported-run.ts';

export type NamedRun = Pick<FoundRun, 'runId' | 'folderOfJob'>;

/** What a run may be called besides its id and the name of its job. */
const SYMBOLS = ['published', 'previous'] as const;
type RunSymbol = (typeof SYMBOLS)[number];

/**
 * Two runs, each by its id, the beginning of it, or the name of a job, whose published run it is; or `published` and
 * `previous` of the job of the other one, or of `job`. Throws `NOT_FOUND` and `USAGE`.
 */
export async function findTwoRuns(
  context: CliContext,
  names: readonly [string, string],
  flags: PlaceFlags & { readonly job?: string },
): Promise<readonly [NamedRun, NamedRun]> {
  const found = await Promise.all(
    names.map((name) => (isSymbol(name) ? null : findReported(context, name, flags))),
  );
  const folder = found.find((each) => each !== null)?.folderOfJob ?? (await folderOf(context, names, flags));
  const [first, second] = await Promise.all(
    names.map(
      async (name, index) => found[index] ?? { runId: await symbolRun(folder, name), folderOfJob: folder },
    ),
  );
  if (first === undefined || second === undefined) throw new RangeError('Two runs were named');
  if (first.runId !== second.runId) return [first, second];
  throw new ServeBatchError(
    'USAGE',
    `Both runs are ${first.runId}. Name two runs: "serve-batch runs ls" lists them.`,
    { fields: { runId: first.runId } },
  );
}

/** The run that another one is compared with. */
export async function findOtherRun(
  context: CliContext,
  run: NamedRun,
  name: string,
  flags: PlaceFlags,
): Promise<NamedRun> {
  const other = isSymbol(name)
    ? { runId: await symbolRun(run.folderOfJob, name), folderOfJob: run.folderOfJob }
    : await findReported(context, name, flags);
  if (other.runId !== run.runId) return other;
  throw new ServeBatchError('USAGE', `Run ${run.runId} cannot be compared with itself. Name another run.`);
}

function isSymbol(name: string): name is RunSymbol {
  return (SYMBOLS as readonly string[]).includes(name);
}

async function folderOf(
  context: CliContext,
  names: readonly string[],
  flags: PlaceFlags & { readonly job?: string },
): Promise<string> {
  if (flags.job === undefined)
    throw new ServeBatchError(
      'USAGE',
      `${names.map((name) => `"${name}"`).join(' and ')}: of which job? Name it with --job.`,
    );
  const [folder] = await foldersOfJobs(context, flags);
  if (folder !== undefined) return folder;
  throw new ServeBatchError(
    'NOT_FOUND',
    `The job "${flags.job}" has no runs. "serve-batch runs ls" lists the runs of all jobs.`,
    { fields: { job: flags.job } },
  );
}

async function symbolRun(folderOfJob: string, name: string): Promise<string> {
  const published = await readCurrent(folderOfJob);
  if (published === undefined)
    throw new ServeBatchError(
      'NOT_FOUND',
      `Nothing is published in ${folderOfJob}, so there is no "${name}" run.`,
    );
  if (name === 'published') return published;
  const previous = await previousPublished(folderOfJob, published);
  if (previous !== undefined) return previous;
  throw new ServeBatchError(
    'NOT_FOUND',
    `No run was published before ${published} in ${folderOfJob}, so there is no "previous" run.`,
  );
}
