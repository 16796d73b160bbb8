import type { Command } from 'commander';
import type { Log } from '../../core/effects.ts';
import type { LoadedSchedule } from '../../schedule/load-jobs.ts';
import type { CliContext } from '../context.ts';
import { addOptions, DEFAULT_GRACE_SECONDS, debugOption, graceOption } from '../options.ts';
import { concurrencyOption, DEFAULT_CONCURRENCY, nothingScheduled } from './schedule.ts';

interface TickFlags {
  readonly concurrency?: number;
  readonly grace?: number;
  readonly debug?: boolean;
}

export function addTickCommand(program: Command, context: CliContext): void {
  const command = program
    .command('tick')
    .description('Run what is due, and exit: for cron, systemd, Kubernetes and Airflow.')
    .argument('[job...]', 'jobs of jobs/ (default: all that have a schedule)');
  addOptions(command, [concurrencyOption(), graceOption(), debugOption()]);
  command.addHelpText(
    'after',
    `
Examples:
  * * * * *  cd /srv/forecast && serve-batch tick      in a crontab
  serve-batch tick weekly                              only this job

It exits with 0 if nothing failed, otherwise with the exit code of the first failure.`,
  );
  command.action((jobs: readonly string[], flags: TickFlags) => tick(context, jobs, flags));
}

async function tick(context: CliContext, names: readonly string[], flags: TickFlags): Promise<void> {
  const { loadSchedule, scheduleEffects } = await import('../schedule-context.ts');
  const { tickOnce } = await import('../../schedule/tick.ts');
  context.allowGrace(flags.grace ?? DEFAULT_GRACE_SECONDS);
  const loaded = await loadSchedule(context, names);
  assertScheduled(loaded);
  const effects = await scheduleEffects(context, flags.debug === true);
  let lines = 0;
  const log = counted(effects.log, () => lines++);
  const failure = await tickOnce(loaded, { ...effects, log }, flags.concurrency ?? DEFAULT_CONCURRENCY);
  // Silence suits cron; a person wonders.
  if (lines === 0 && context.isTerminal)
    context.err('Nothing is due. See what is next with: serve-batch schedule ls\n');
  if (failure !== null) throw failure;
}

/** A crontab in a wrong folder would tick in vain for years. A schedule that is switched off is meant to be. */
function assertScheduled({ jobs, off, problems }: LoadedSchedule): void {
  if (jobs.length + off.length + problems.length === 0) throw nothingScheduled();
}

/** A log that says when something is told. */
function counted(log: Log, told: () => void): Log {
  return {
    debug: (message, fields) => log.debug(message, fields),
    info(message, fields) {
      told();
      log.info(message, fields);
    },
    warn(message, fields) {
      told();
      log.warn(message, fields);
    },
    error(message, fields) {
      told();
      log.error(message, fields);
    },
  };
}
