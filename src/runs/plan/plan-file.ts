import { z } from 'zod';
import { makeFolder, writeFileDurably } from '../../core/durable-file.ts';
import { ServeBatchError } from '../../core/errors.ts';
import type { Plan } from '../../core/plan.ts';
import { jsonText, pathExists, readJsonFile } from '../json-file.ts';
import type { RunPaths } from '../layout.ts';
import { planSchema } from './plan-schema.ts';

/** Of a file with secrets: nobody but its owner and the group. */
const SECRET_MODE = 0o640;

/**
 * Writes a plan once and for all, and makes the run's folder. Throws `INTERNAL` where the run has one already.
 * @param mask finds secrets: SQL that the environment has put one into has to be in the plan as it runs
 */
export async function writePlan(
  paths: RunPaths,
  plan: Plan,
  mask: (text: string) => string = (text) => text,
): Promise<void> {
  if (await pathExists(paths.plan))
    throw new ServeBatchError(
      'INTERNAL',
      `The plan ${paths.plan} exists already; a plan never changes once written.`,
    );
  await makeFolder(paths.folder);
  const text = jsonText(plan);
  await writeFileDurably(paths.plan, text, mask(text) === text ? undefined : SECRET_MODE);
}

/** Throws `NOT_FOUND` where there is no such file, `INPUT_UNREADABLE` where it is not a plan of this version. */
export async function readPlan(path: string): Promise<Plan> {
  const file = await readJsonFile(path, planSchema);
  if (file.state === 'valid') return file.value;
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

async function formatVersion(path: string): Promise<number | undefined> {
  const file = await readJsonFile(path, z.object({ formatVersion: z.number() }));
  return file.state === 'valid' ? file.value.formatVersion : undefined;
}
