import { hostname, userInfo } from 'node:os';
import type { Command } from 'commander';
import { formatDuration, parseDuration } from '../../../config/fields/duration.ts';
import { systemClock } from '../../../core/effects.ts';
import { folderOfJob } from '../../../jobs/plan/locations.ts';
import type { CliContext } from '../../context.ts';
import { addOptions, debugOption, option } from '../../options.ts';

interface PauseFlags {
  readonly reason?: string;
  readonly alertAfter?: string;
}

export function addPauseCommand(jobs: Command, context: CliContext): void {
  const pause = jobs
    .command('pause')
    .description("Pause a job's schedule: no occurrence of it starts until you resume it.")
    .argument('<job>', 'the job');
  addOptions(pause, [
    option('--reason <text>', 'why, for those who look at the job later'),
    option('--alert-after <duration>', 'send the alert "paused" after so long: 8h, 3d (default: 1d)'),
    debugOption(),
  ]);
  pause.addHelpText(
    'after',
    `
A run that is going on continues. "run" and "backfill" work as before.

Example:
  serve-batch jobs pause weekly --reason "prices of week 48 are wrong"`,
  );
  pause.action((job: string, flags: PauseFlags) => pauseCommand(context, job, flags));
}

export function addResumeCommand(jobs: Command, context: CliContext): void {
  const resume = jobs
    .command('resume')
    .description('Resume a paused schedule. What came meanwhile runs as schedule.catchup says.')
    .argument('<job>', 'the job');
  addOptions(resume, [debugOption()]);
  resume.action((job: string) => resumeCommand(context, job));
}

async function pauseCommand(context: CliContext, job: string, flags: PauseFlags): Promise<void> {
  const { scheduledJob } = await import('../../targets/scheduled-job.ts');
  const { DEFAULT_PAUSE_ALERT_SECONDS, pauseJob } = await import('../../../schedule/pause.ts');
  const alertAfterSeconds =
    flags.alertAfter === undefined
      ? DEFAULT_PAUSE_ALERT_SECONDS
      : parseDuration(flags.alertAfter, '--alert-after', 'USAGE');
  const { spec } = await scheduledJob(context, job);
  await pauseJob(folderOfJob(spec), {
    now: systemClock.now(),
    reason: flags.reason ?? null,
    by: whoAmI(),
    alertAfterSeconds,
  });
  context.out(
    `${spec.name} is paused: no occurrence of it starts. After ${formatDuration(alertAfterSeconds)} its alert "paused" is sent.\nnext: serve-batch jobs resume ${spec.name}\n`,
  );
}

async function resumeCommand(context: CliContext, job: string): Promise<void> {
  const { scheduledJob } = await import('../../targets/scheduled-job.ts');
  const { describePause, resumeJob } = await import('../../../schedule/pause.ts');
  const { spec, schedule } = await scheduledJob(context, job);
  const ended = await resumeJob(folderOfJob(spec));
  context.out(
    ended === undefined
      ? `${spec.name} is not paused.\n`
      : `${spec.name} runs again; it was ${describePause(ended)}. What came meanwhile runs as schedule.catchup says: ${schedule.catchup}.\n`,
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
