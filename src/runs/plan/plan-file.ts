import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { ServeBatchError } from '../../core/errors.ts';
import { makeFolder, writeFileDurably } from '../../core/files/durable-file.ts';
import { publicPath, sharedMirrorOf } from '../../core/files/mirror.ts';
import type { Plan } from '../../core/plan.ts';
import { createFileExclusively } from '../../storage/local/exclusive-file.ts';
import { jsonText, pathExists, readJsonFile } from '../json-file.ts';
import { type RunPaths, runPaths } from '../layout.ts';
import { secretMode } from '../secret-mode.ts';
import { planSchema } from './plan-schema.ts';

/**
 * Writes a plan once and for all, and makes the run's folder. Throws `INTERNAL` where the run has one already.
 * @param mask finds secrets: SQL that the environment has put one into has to be in the plan as it runs
 */
export async function writePlan(
  paths: RunPaths,
  plan: Plan,
  mask: (text: string) => string = (text) => text,
): Promise<void> {
  if (await pathExists(paths.plan)) throw planExists(paths);
  await makeFolder(paths.folder);
  const text = jsonText(plan);
  const mode = secretMode(text, mask);
  if (sharedMirrorOf(paths.plan) === undefined) await writeFileDurably(paths.plan, text, mode);
  else if (!(await createFileExclusively(paths.plan, text, mode))) throw planExists(paths);
}

function planExists({ plan }: RunPaths): ServeBatchError {
  return new ServeBatchError(
    'INTERNAL',
    `The plan ${publicPath(plan)} exists already; a plan never changes once written.`,
  );
}

/** Throws `NOT_FOUND` where there is no such file, `INPUT_UNREADABLE` where it is not a plan of this version. */
export async function readPlan(path: string): Promise<Plan> {
  const file = await readJsonFile(path, planSchema);
  if (file.state === 'valid') return withCopyBeside(file.value, path);
  const fields = { file: path };
  if (file.state === 'missing') {
    throw new ServeBatchError(
      'NOT_FOUND',
      `The plan ${path} does not exist. Name the plan.json of a run: OUTPUT/JOB/runs/RUN/plan.json.`,
      { fields },
    );
  }
  const version = await formatVersion(path);
  if (version !== undefined && version !== 1) {
    throw new ServeBatchError(
      'INPUT_UNREADABLE',
      `The plan ${path} has format version ${version}; this serve-batch reads version 1. Use the serve-batch that wrote it, or start a new run with --no-resume.`,
      { fields },
    );
  }
  throw new ServeBatchError(
    'INPUT_UNREADABLE',
    `The plan ${path} cannot be read (${file.reason}); expected a plan as serve-batch writes it. Start a new run with --no-resume.`,
    { fields },
  );
}

/** The typed copy of the input, whose name in the plan is that in the bucket, where this machine shows it. */
function withCopyBeside(plan: Plan, path: string): Plan {
  const { input } = plan;
  if (!input.staged || sharedMirrorOf(path) === undefined) return plan;
  const { staged } = runPaths(dirname(dirname(dirname(path))), plan.runId);
  const files = input.files.map((file) => ({ ...file, path: staged }));
  const places = input.places === null ? null : join(dirname(staged), basename(input.places));
  return { ...plan, input: { ...input, files, places } };
}

async function formatVersion(path: string): Promise<number | undefined> {
  const file = await readJsonFile(path, z.object({ formatVersion: z.number() }));
  return file.state === 'valid' ? file.value.formatVersion : undefined;
}
