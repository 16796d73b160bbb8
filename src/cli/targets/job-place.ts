import { basename, resolve } from 'node:path';
import { resolvePath } from '../../config/fields/resolve-path.ts';
import { loadProject } from '../../config/file/load-project.ts';
import { loadJob } from '../../config/load-job.ts';
import { overrideJob } from '../../config/override-job.ts';
import { DEFAULT_OUTPUT, outputKind } from '../../config/sections/output.ts';
import { ServeBatchError } from '../../core/errors.ts';
import { suggestion } from '../../core/text/nearest.ts';
import { folderOfJob, outputRoot, storeUrlOf } from '../../jobs/plan/locations.ts';
import type { JobPlace } from '../../jobs/publish/publish-earlier.ts';
import { readCandidateOf } from '../../runs/candidates/candidate-name.ts';
import { jobFolder, runPaths } from '../../runs/layout.ts';
import { type FoundRun, findRun } from '../../runs/list/find-run.ts';
import { listJobs, listRunIds } from '../../runs/list/run-folders.ts';
import { readPlan } from '../../runs/plan/plan-file.ts';
import { readCurrent } from '../../runs/publication.ts';
import type { CliContext } from '../context.ts';

export interface PlaceFlags {
  readonly output?: string;
  readonly kv?: string;
  /** A candidate of the job, under this name. */
  readonly as?: string;
}

/**
 * Where a job's runs and predictions are: as its job file says, or, for a job made of flags, as its
 * output folder does. Throws `NOT_FOUND` where neither knows the job.
 */
export async function placeOfJob(
  context: CliContext,
  declaredAs: string,
  flags: PlaceFlags,
): Promise<JobPlace> {
  if (flags.kv !== undefined) context.secrets.addUrl(flags.kv);
  const declared = await declaredPlace(context, declaredAs, flags);
  if (declared !== null) return declared;
  const job = flags.as ?? declaredAs;
  const root = rootOfFlags(context, flags);
  const jobs = await listJobs(root);
  if (jobs.includes(job)) {
    const candidate = await candidatePlace(context, jobFolder(root, job), flags);
    if (candidate !== null) return candidate;
    return {
      job,
      folderOfJob: jobFolder(root, job),
      storeUrl: flags.kv ?? (await recordedStore(jobFolder(root, job))),
    };
  }
  // A service may read a store without having the output folder.
  if (flags.kv !== undefined) return { job, folderOfJob: jobFolder(root, job), storeUrl: flags.kv };
  const { jobs: files } = await loadProject(context.cwd, context.env);
  const names = [...new Set([...files.map(({ name }) => name), ...jobs])];
  throw new ServeBatchError(
    'NOT_FOUND',
    `There is no job "${job}" in jobs/ and none with runs in ${root}.${suggestion(job, names)} Give the folder with --output, or the store with --kv.`,
    { fields: { job } },
  );
}

async function declaredPlace(context: CliContext, job: string, flags: PlaceFlags): Promise<JobPlace | null> {
  const { cwd, env, secrets } = context;
  const project = await loadProject(cwd, env);
  if (!/\.ya?ml$/i.test(job) && !project.jobs.some(({ name }) => name === job)) return null;
  const loaded = await loadJob(job, { projectFolder: cwd, env });
  secrets.addAll(loaded.secrets);
  const spec = overrideJob(loaded.spec, flags);
  const named = { ...spec, name: flags.as ?? spec.name };
  return { job: named.name, folderOfJob: folderOfJob(named), storeUrl: storeUrlOf(named) };
}

/** Of a candidate under a name of its own: its store is that of its job, with the password. Null for any other folder. */
async function candidatePlace(
  context: CliContext,
  folder: string,
  flags: PlaceFlags,
): Promise<JobPlace | null> {
  const of = await readCandidateOf(folder);
  if (of === undefined) return null;
  const place = await declaredPlace(context, of, { ...flags, as: basename(folder) });
  return place?.folderOfJob === folder ? place : null;
}

/** Learns what of a job came from the environment and must not be shown. Where the job file is gone, there is nothing to learn. */
export async function learnSecrets(context: CliContext, job: string): Promise<void> {
  await declaredPlace(context, job, {}).catch(() => null);
}

/** The store of a job whose folder is known: with its password where a job file names it. */
export async function storeOfFolder(
  context: CliContext,
  { job, folderOfJob: folder }: Pick<JobPlace, 'job' | 'folderOfJob'>,
  flags: PlaceFlags,
): Promise<string | null> {
  if (flags.kv !== undefined) context.secrets.addUrl(flags.kv);
  const declared =
    (await declaredPlace(context, job, flags)) ?? (await candidatePlace(context, folder, flags));
  return declared?.folderOfJob === folder ? declared.storeUrl : (flags.kv ?? recordedStore(folder));
}

/** The store of the published run, as its plan says it: without password. */
async function recordedStore(folder: string): Promise<string | null> {
  const current = await readCurrent(folder);
  if (current === undefined) return null;
  return (await readPlan(runPaths(folder, current).plan)).kv?.url ?? null;
}

/** All output folders that the project's jobs use, and the one of the flags. */
export async function outputRoots(context: CliContext, flags: PlaceFlags): Promise<readonly string[]> {
  if (flags.output !== undefined) return [rootOfFlags(context, flags)];
  const { cwd, env } = context;
  const roots = new Set([resolve(cwd, DEFAULT_OUTPUT.path)]);
  for (const { file, problem } of (await loadProject(cwd, env)).jobs) {
    if (problem !== null) continue;
    const loaded = await loadJob(file, { projectFolder: cwd, env }).catch(() => null);
    if (loaded !== null) roots.add(resolve(cwd, outputRoot(loaded.spec.output)));
  }
  return [...roots];
}

/** The folders of all jobs that have runs or occurrences, or of the one that is named. */
export async function foldersOfJobs(
  context: CliContext,
  flags: PlaceFlags & { readonly job?: string | undefined },
): Promise<readonly string[]> {
  const folders: string[] = [];
  for (const root of await outputRoots(context, flags))
    for (const job of await listJobs(root))
      if (flags.job === undefined || flags.job === job) folders.push(jobFolder(root, job));
  return folders;
}

/** Finds a run by its id, or the beginning of it, among all jobs. */
export async function placeOfRun(
  context: CliContext,
  runId: string,
  flags: PlaceFlags,
): Promise<{ readonly run: FoundRun; readonly root: string }> {
  let failure: unknown;
  for (const root of await outputRoots(context, flags)) {
    try {
      return { run: await findRun(root, runId), root };
    } catch (error) {
      failure ??= error;
    }
  }
  const { jobs } = await loadProject(context.cwd, context.env);
  if (
    jobs.some(({ name }) => name === runId) ||
    (await foldersOfJobs(context, { ...flags, job: runId })).length > 0
  )
    throw await jobInsteadOfRun(context, runId, flags);
  throw failure;
}

/** `runs show sales`: the name of a job where a run is expected. */
async function jobInsteadOfRun(
  context: CliContext,
  job: string,
  flags: PlaceFlags,
): Promise<ServeBatchError> {
  const [folder] = await foldersOfJobs(context, { ...flags, job });
  const [newest] = folder === undefined ? [] : await listRunIds(folder);
  const hint =
    newest === undefined
      ? `The job ${job} has no run yet. Make one with: serve-batch run ${job}`
      : `"${job}" is a job; expected a run. Its newest is ${newest}; "serve-batch runs ls --job ${job}" lists all.`;
  return new ServeBatchError('NOT_FOUND', hint, { fields: { job } });
}

function rootOfFlags(context: CliContext, flags: PlaceFlags): string {
  const written = flags.output ?? DEFAULT_OUTPUT.path;
  return outputRoot({ path: resolvePath(written, context.cwd), kind: outputKind(written) });
}
