import { resolvePath } from '../config/fields/resolve-path.ts';
import type { Environment } from '../config/file/fill-environment.ts';
import { loadProject, type Project } from '../config/file/load-project.ts';
import { hideUrls } from '../config/hide-urls.ts';
import { loadJob } from '../config/load-job.ts';
import { overrideJob } from '../config/override-job.ts';
import { DEFAULT_OUTPUT } from '../config/sections/output.ts';
import { DEFAULT_SERVING } from '../config/sections/serving.ts';
import { ServeBatchError } from '../core/errors.ts';
import type { Secrets } from '../core/text/secrets.ts';
import { folderOfJob, outputRoot, storeUrlOf } from '../jobs/plan/locations.ts';
import { resolveStoreUrl } from '../kv/store-kinds.ts';
import { jobFolder } from '../runs/layout.ts';
import type { JobSource } from './served-jobs.ts';

export interface LoadSourcesOptions {
  readonly projectFolder: string;
  readonly env: Environment;
  /** Gets what must not be shown. */
  readonly secrets: Secrets;
  /** Only these; default: all that have a store. */
  readonly names: readonly string[];
  readonly flags: { readonly output?: string; readonly kv?: string };
}

export interface LoadedSources {
  readonly sources: readonly JobSource[];
  readonly problems: readonly { readonly job: string; readonly error: ServeBatchError }[];
}

/** Reads from the job files what is served. A file that is wrong does not stand in the way of the others. */
export async function loadSources(options: LoadSourcesOptions): Promise<LoadedSources> {
  const { projectFolder, env, names } = options;
  const project = await loadProject(projectFolder, env);
  const withoutFile = sourceOfFlags(options, project);
  if (withoutFile !== null) return { sources: [withoutFile], problems: [] };
  const entries = names.length === 0 ? project.jobs : names.map((name) => project.find(name));
  const sources: JobSource[] = [];
  const problems: { job: string; error: ServeBatchError }[] = [];
  for (const { name, file } of entries) {
    try {
      const source = await loadSource(file, options);
      if (source !== null) sources.push(source);
    } catch (error) {
      if (!(error instanceof ServeBatchError)) throw error;
      problems.push({ job: name, error });
    }
  }
  return { sources, problems };
}

/** The job of a service that has a store, and no job files. */
function sourceOfFlags(options: LoadSourcesOptions, project: Project): JobSource | null {
  const { names, flags, projectFolder } = options;
  const [name, ...others] = names;
  if (name === undefined || others.length > 0 || flags.kv === undefined) return null;
  if (project.jobs.some((job) => job.name === name)) return null;
  return {
    name,
    description: null,
    storeUrl: resolveStoreUrl(flags.kv, projectFolder),
    folderOfJob: jobFolder(rootOf(options), name),
    serving: DEFAULT_SERVING,
    schedule: null,
  };
}

function rootOf({ flags, projectFolder }: LoadSourcesOptions): string {
  const path = resolvePath(flags.output ?? DEFAULT_OUTPUT.path, projectFolder);
  return outputRoot({ path, kind: 'folder' });
}

async function loadSource(file: string, options: LoadSourcesOptions): Promise<JobSource | null> {
  const { projectFolder, env, secrets, names, flags } = options;
  const loaded = await loadJob(file, { projectFolder, env });
  secrets.addAll(loaded.secrets);
  hideUrls(loaded.spec, secrets);
  const spec = overrideJob(loaded.spec, flags);
  const { name, description, serving, schedule } = spec;
  const storeUrl = storeUrlOf(spec);
  const isServed = storeUrl !== null && serving.enabled;
  if (isServed) return { name, description, storeUrl, folderOfJob: folderOfJob(spec), serving, schedule };
  if (names.length === 0) return null;
  throw new ServeBatchError(
    'USAGE',
    storeUrl === null
      ? `The job ${name} has no key-value store to answer from. Give it a kv.key and run it.`
      : `The job ${name} has serving.enabled: false. Remove that, or leave the job out.`,
    { fields: { job: name } },
  );
}
