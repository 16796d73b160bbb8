import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { resolvePath } from '../../config/fields/resolve-path.ts';
import type { JobSpec } from '../../config/job-spec.ts';
import { overrideJob } from '../../config/override-job.ts';
import { DEFAULT_OUTPUT, outputKind } from '../../config/sections/output.ts';
import type { Clock } from '../../core/effects.ts';
import { outputRoot } from '../../jobs/plan/locations.ts';
import type { CliContext } from '../context.ts';
import type { Check, CheckGroup } from './check.ts';
import { checkDevices } from './check-devices.ts';
import { checkOutputFolder, checkTemporaryFolder } from './check-folder.ts';
import { checkJobs } from './check-jobs.ts';
import { checkMachine } from './check-machine.ts';
import { checkPublished } from './check-published.ts';
import { checkQueues, queuesOf } from './check-queues.ts';
import { checkStores, storesToCheck } from './check-stores.ts';
import { checkVersions } from './check-versions.ts';

/** What to look at instead of what the jobs name. */
export interface ExamineOptions {
  readonly kv?: string;
  readonly output?: string;
  readonly queue?: string;
}

/** Looks at everything that a run needs. Nothing is left behind; secrets are masked in what is returned. */
export async function examine(
  context: CliContext,
  options: ExamineOptions,
  clock: Clock,
): Promise<readonly CheckGroup[]> {
  for (const url of [options.kv, options.queue]) if (url !== undefined) context.secrets.addUrl(url);
  const { checks: jobChecks, jobs: loaded } = await checkJobs(context);
  // As a run with this flag: an embedded store goes where the output goes.
  const { output } = options;
  const jobs = output === undefined ? loaded : loaded.map((job) => overrideJob(job, { output }));
  const [disk, store, queue, published, versions, devices] = await Promise.all([
    checkDisks(outputFolders(context, options, jobs)),
    checkStores(storesToCheck(options.kv, jobs), clock),
    checkQueues(options.queue === undefined ? queuesOf(jobs) : [options.queue]),
    checkPublished(options.kv === undefined ? jobs : [], clock),
    checkVersions(context),
    checkDevices(jobs, context.signal),
  ]);
  const groups: readonly (readonly [string, readonly Check[]])[] = [
    ['Machine', checkMachine()],
    ['Disk', disk],
    ['Store', [...store, ...published]],
    ...(queue.length === 0 ? [] : [['Queue', queue] as const]),
    ['Jobs', jobChecks],
    ['Versions', versions],
    ['Devices', devices],
  ];
  return groups.map(([name, checks]) => ({
    name,
    checks: checks.map((check) => masked(check, context)),
  }));
}

/** Those of the jobs; where none says another, the default one. */
function outputFolders(
  { cwd }: CliContext,
  { output }: ExamineOptions,
  jobs: readonly JobSpec[],
): readonly string[] {
  if (output !== undefined) {
    return [outputRoot({ path: resolvePath(output, cwd), kind: outputKind(output) })];
  }
  const roots = new Set(jobs.map((job) => resolve(cwd, outputRoot(job.output))));
  return roots.size === 0 ? [resolve(cwd, DEFAULT_OUTPUT.path)] : [...roots];
}

async function checkDisks(outputs: readonly string[]): Promise<readonly Check[]> {
  const checks = await Promise.all([...outputs.map(checkOutputFolder), checkTemporaryFolder(tmpdir())]);
  return checks.flat();
}

function masked(check: Check, { secrets }: CliContext): Check {
  return { ...check, name: secrets.mask(check.name), text: secrets.mask(check.text) };
}
