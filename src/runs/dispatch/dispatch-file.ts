import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { ServeBatchError } from '../../core/errors.ts';
import { makeFolder } from '../../core/files/durable-file.ts';
import { listAnew, lookAnew, publicPath } from '../../core/files/mirror.ts';
import type { Immutable } from '../../core/immutable.ts';
import { createFileExclusively } from '../../storage/local/exclusive-file.ts';
import { isMissing, jsonText, readJsonFile } from '../json-file.ts';
import type { RunPaths } from '../layout.ts';
import { secretMode } from '../secret-mode.ts';

const count = z.int().nonnegative();

const dispatchSchema = z.object({
  formatVersion: z.literal(1),
  runId: z.string(),
  /** From 1: a run that is planned again hands out what is missing by then, in a list of its own. */
  round: z.int().positive(),
  createdAt: z.iso.datetime(),
  groups: z.array(z.array(count)),
  /** The job as it was planned, without passwords: `finish` needs of it what the plan does not say. */
  spec: z.record(z.string(), z.unknown()),
});

/**
 * The shards of a run that were missing when it was handed out. It never changes once written: the number of a
 * task of an array job means the same shards in each attempt, whatever was committed meanwhile.
 */
export type Dispatch = Immutable<z.infer<typeof dispatchSchema>>;

/**
 * Writes the next list of a run. The job's lock is held.
 * @param mask finds secrets: the SQL of the job may hold one
 */
export async function writeDispatch(
  paths: RunPaths,
  list: Pick<Dispatch, 'createdAt' | 'groups' | 'spec'>,
  mask: (text: string) => string = (text) => text,
): Promise<Dispatch> {
  const round = Math.max(0, ...(await rounds(paths))) + 1;
  const dispatch: Dispatch = { formatVersion: 1, runId: paths.runId, round, ...list };
  const path = paths.dispatch(round);
  await makeFolder(dirname(path));
  const text = jsonText(dispatch);
  if (await createFileExclusively(path, text, secretMode(text, mask))) return dispatch;
  return writeDispatch(paths, list, mask);
}

/** The numbers of a run's lists. */
export async function rounds(paths: RunPaths): Promise<readonly number[]> {
  await listAnew(dirname(paths.dispatch(1)));
  try {
    return (await readdir(dirname(paths.dispatch(1)))).flatMap((name) =>
      /^\d+\.json$/.test(name) ? Number.parseInt(name, 10) : [],
    );
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** Throws `NOT_FOUND` where the run has no such list, `INPUT_UNREADABLE` where it is damaged. */
export async function readDispatch(paths: RunPaths, round: number): Promise<Dispatch> {
  const path = paths.dispatch(round);
  await lookAnew(path);
  const file = await readJsonFile(path, dispatchSchema);
  if (file.state === 'valid') return file.value;
  const fields = { file: path };
  if (file.state === 'missing')
    throw new ServeBatchError(
      'NOT_FOUND',
      `Run ${paths.runId} has no dispatch list ${round} (${publicPath(path)}). "serve-batch plan" makes one, and prints its number.`,
      { fields },
    );
  throw new ServeBatchError(
    'INPUT_UNREADABLE',
    `The dispatch list ${publicPath(path)} cannot be read (${file.reason}); expected one as "serve-batch plan" writes it. Run that again: it makes a new list.`,
    { fields },
  );
}
