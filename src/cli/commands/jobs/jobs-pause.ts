import { hostname, userInfo } from 'node:os';
import type { Command, Option } from 'commander';
import { formatDuration, parseDuration } from '../../../config/fields/duration.ts';
import { systemClock } from '../../../core/effects.ts';
import type { ServeBatchError } from '../../../core/errors.ts';
import type { CliContext } from '../../context.ts';
import { addOptions, debugOption, option } from '../../options.ts';

interface PauseFlags {
  readonly reason?: string;
  readonly alertAfter?: string;
  readonly output?: string;
}

const outputOption = (): Option =>
  option('-o, --output <path>', 'the output folder of the job, if its file cannot be read');

export function addPauseCommand(jobs: Command, context: CliContext): void {
  const pause = jobs
    .command('pause')
    .description("Pause a job's schedule: no occurrence of it starts until you resume it.")
    .argument('<job>', 'the job');
  addOptions(pause, [
    option('--reason <text>', 'the reason, for people who look at the job later'),
    option('--alert-after <duration>', 'send the alert "paused" after this time: 8h, 3d (default: 1d)'),
    outputOption(),
    debugOption(),
  ]);
  pause.addHelpText(
    'after',
    `
A run in progress continues. "run" and "backfill" work as before. The job file may be broken.

Example:
  serve-batch jobs pause weekly --reason "prices of week 48 are wrong"`,
  );
  pause.action((job: string, flags: PauseFlags) => pauseCommand(context, job, flags));
}

export function addResumeCommand(jobs: Command, context: CliContext): void {
  const resume = jobs
    .command('resume')
    .description('Resume a paused schedule. Missed occurrences run as schedule.catchup says.')
    .argument('<job>', 'the job');
  addOptions(resume, [outputOption(), debugOption()]);
  resume.action((job: string, flags: Pick<PauseFlags, 'output'>) => resumeCommand(context, job, flags));
}

async function pauseCommand(context: CliContext, job: string, flags: PauseFlags): Promise<void> {
  const { pausedJob } = await import('../../targets/paused-job.ts');
  const { DEFAULT_PAUSE_ALERT_SECONDS, pauseJob } = await import('../../../schedule/pause.ts');
  const alertAfterSeconds =
    flags.alertAfter === undefined
      ? DEFAULT_PAUSE_ALERT_SECONDS
      : parseDuration(flags.alertAfter, '--alert-after', 'USAGE');
  const { name, folderOfJob, problem } = await pausedJob(context, job, flags);
  await pauseJob(folderOfJob, {
    now: systemClock.now(),
    reason: flags.reason ?? null,
    by: whoAmI(),
    alertAfterSeconds,
  });
  if (problem !== null) warnOfFile(context, problem, folderOfJob);
  context.out(
    `${name} is paused: no occurrence of it starts. After ${formatDuration(alertAfterSeconds)} its alert "paused" is sent.\nnext: serve-batch jobs resume ${name}\n`,
  );
}

function warnOfFile({ err, secrets }: CliContext, problem: ServeBatchError, folder: string): void {
  err(
    secrets.mask(
      `warning: the job file cannot be used: ${problem.message}\nPauses of this job are kept in ${folder}. If the job's output is another folder, give that: --output FOLDER.\n`,
    ),
  );
}

async function resumeCommand(
  context: CliContext,
  job: string,
  flags: Pick<PauseFlags, 'output'>,
): Promise<void> {
  const { pausedJob } = await import('../../targets/paused-job.ts');
  const { describePause, resumeJob } = await import('../../../schedule/pause.ts');
  const { name, folderOfJob, catchup, problem } = await pausedJob(context, job, flags);
  const ended = await resumeJob(folderOfJob);
  if (problem !== null) warnOfFile(context, problem, folderOfJob);
  const then =
    catchup === null
      ? 'It runs once its file can be used.'
      : `What came meanwhile runs as schedule.catchup says: ${catchup}.`;
  context.out(
    ended === undefined
      ? `${name} is not paused.\n`
      : `${name} is resumed; it was ${describePause(ended)}. ${then}\n`,
  );
}

/** A user without an entry in the system's list, as in many containers, has no name. */
function whoAmI(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    return `user ${process.getuid?.() ?? '?'}@${hostname()}`;
  }
}
