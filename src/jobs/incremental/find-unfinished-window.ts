import { EXIT, ServeBatchError } from '../../core/errors.ts';
import { lookAnew } from '../../core/files/mirror.ts';
import type { Plan, RunIdentity } from '../../core/plan.ts';
import { pathExists } from '../../runs/json-file.ts';
import { runPaths } from '../../runs/layout.ts';
import { runsHolding } from '../../runs/list/earlier-runs.ts';
import type { PlanIndex } from '../../runs/list/plan-index.ts';
import type { RunStatus } from '../../runs/list/run-status.ts';
import type { RunSummary } from '../../runs/list/run-summary.ts';
import { readPlan } from '../../runs/plan/plan-file.ts';
import { assertUnchanged } from '../../source/files/fingerprint.ts';

/** With the lock held nobody else runs. */
const UNFINISHED: ReadonlySet<RunStatus> = new Set(['interrupted', 'failed', 'running']);

/**
 * The newest unfinished run of this window, model and job that can be continued under its own plan,
 * however much the input has grown since: what is new then is for the next run.
 */
export async function findUnfinishedWindow(
  folderOfJob: string,
  index: PlanIndex,
  identity: RunIdentity,
): Promise<RunSummary | undefined> {
  for await (const run of runsHolding(folderOfJob, index, identity.window)) {
    if (!UNFINISHED.has(run.status) || run.plan === undefined) continue;
    if (!isSameWork(run.plan.identity, identity)) continue;
    if (failedForItsInput(run) && run.plan.identity.inputFingerprint !== identity.inputFingerprint) continue;
    if (await hasItsInput(await readPlan(runPaths(folderOfJob, run.runId).plan))) return run;
  }
  return undefined;
}

/** The input's fingerprint is not compared, since it has grown; nor is the occurrence, which the spec has in it where it matters. */
function isSameWork(a: RunIdentity, b: RunIdentity): boolean {
  return a.window === b.window && a.modelSha256 === b.modelSha256 && a.specSha256 === b.specSha256;
}

/** It would fail again on its copy; the input that has changed since may have been mended. */
function failedForItsInput({ failure }: RunSummary): boolean {
  return failure?.exitCode === EXIT.inputOrModel || failure?.exitCode === EXIT.overLimit;
}

/** Whether its copy of the input is there or, where it reads the files themselves, these are as they were. */
async function hasItsInput({ input }: Plan): Promise<boolean> {
  if (input.staged) {
    for (const { path } of input.files) {
      await lookAnew(path);
      if (!(await pathExists(path))) return false;
    }
    return true;
  }
  try {
    await assertUnchanged(input.sources);
    return true;
  } catch (error) {
    if (error instanceof ServeBatchError) return false;
    throw error;
  }
}
