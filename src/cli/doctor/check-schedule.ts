import { z } from 'zod';
import type { Clock } from '../../core/effects.ts';
import { ServeBatchError } from '../../core/errors.ts';
import { readTextFile } from '../../core/files/regular-file.ts';
import type { AliveFile } from '../watch/liveness.ts';
import { type Check, failure, finding } from './check.ts';

/** A scheduler looks each minute; one that hangs for so long is as good as dead. */
const LONGEST_SILENCE_MS = 5 * 60_000;

const schema: z.ZodType<AliveFile> = z.object({
  at: z.iso.datetime(),
  pid: z.int(),
  jobs: z.int(),
  running: z.array(z.string()),
  problems: z.array(z.object({ job: z.string(), problem: z.string() })).default([]),
});

/**
 * Whether the scheduler that writes this file has looked at its jobs lately, and which jobs have problems. Those are
 * warnings: restarting the scheduler would not fix a job.
 */
export async function checkSchedule(file: string, clock: Clock): Promise<readonly Check[]> {
  const alive = await readAlive(file);
  const problems = (alive?.problems ?? []).map(({ job, problem }) => finding('warn', job, problem));
  return [checkLooks(file, alive, clock), ...problems];
}

function checkLooks(file: string, alive: AliveFile | null, clock: Clock): Check {
  if (alive === null)
    return failure(
      'schedule',
      dead(`No scheduler has written ${file}. Start one with "serve-batch schedule --alive-file ${file}".`),
    );
  const silentMs = clock.now().getTime() - Date.parse(alive.at);
  const { pid, jobs, running } = alive;
  const seconds = Math.max(Math.round(silentMs / 1000), 0);
  const facts = { pid, jobs, running: running.join(', '), lastLookSeconds: seconds };
  if (silentMs > LONGEST_SILENCE_MS)
    return failure(
      'schedule',
      dead(
        `The scheduler (process ${pid}) last looked at its jobs at ${alive.at}, ${seconds} s ago; expected a look each minute. Start it again.`,
      ),
      facts,
    );
  const busy = running.length === 0 ? 'none is running' : `running: ${running.join(', ')}`;
  return finding(
    'ok',
    'schedule',
    `looked at ${jobs} ${jobs === 1 ? 'job' : 'jobs'} ${seconds} s ago; ${busy}`,
    facts,
  );
}

function dead(message: string): ServeBatchError {
  return new ServeBatchError('NOT_FOUND', message);
}

async function readAlive(file: string): Promise<AliveFile | null> {
  try {
    return schema.parse(JSON.parse(await readTextFile(file)));
  } catch {
    return null;
  }
}
