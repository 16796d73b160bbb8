import type { Command } from 'commander';
import { ServeBatchError } from '../../core/errors.ts';
import { fromLocal, parseInstant, parseLocal } from '../../core/zoned-time.ts';
import type { BackfillItem } from '../../schedule/backfill.ts';
import type { CliContext } from '../context.ts';
import {
  addOptions,
  DEFAULT_GRACE_SECONDS,
  debugOption,
  graceOption,
  jsonOption,
  option,
} from '../options.ts';
import { formatTable } from '../render/format.ts';

const DAY_MS = 86_400_000;

interface BackfillFlags {
  readonly from: string;
  readonly to: string;
  readonly dryRun?: boolean;
  readonly order?: 'oldest' | 'newest';
  readonly grace?: number;
  readonly json?: boolean;
  readonly debug?: boolean;
}

export function addBackfillCommand(program: Command, context: CliContext): void {
  const command = program
    .command('backfill')
    .description('Run past occurrences of a job that have no run.')
    .argument('<job>', 'the job');
  const time = 'a date, a local time of the schedule, or an instant';
  addOptions(command, [
    option('--from <time>', `the first occurrence, inclusive: ${time}`).makeOptionMandatory(),
    option(
      '--to <time>',
      `the last one, inclusive: ${time}; a date alone means all of its day`,
    ).makeOptionMandatory(),
    option('--order <order>', 'which goes first: oldest or newest (default: oldest)').choices([
      'oldest',
      'newest',
    ]),
    option('--dry-run', 'show the occurrences, and run none'),
    graceOption(),
    jsonOption('the occurrences'),
    debugOption(),
  ]);
  command.addHelpText(
    'after',
    '\nExample:\n  serve-batch backfill weekly --from 2026-01-01 --to 2026-06-30 --dry-run',
  );
  command.action((job: string, flags: BackfillFlags) => backfillCommand(context, job, flags));
}

async function backfillCommand(context: CliContext, name: string, flags: BackfillFlags): Promise<void> {
  const { scheduleEffects } = await import('../schedule-context.ts');
  const { scheduledJob } = await import('../targets/scheduled-job.ts');
  const { backfill, planBackfill } = await import('../../schedule/backfill.ts');
  context.allowGrace(flags.grace ?? DEFAULT_GRACE_SECONDS);
  const job = await scheduledJob(context, name);
  const effects = await scheduleEffects(context, flags.debug === true);
  const { timezone } = job.schedule;
  const range = {
    from: timeOf('--from', flags.from, timezone),
    to: lastInstantOf(flags.to, timezone),
    order: flags.order ?? 'oldest',
  };
  const planned = await planBackfill(job, range, effects);
  if (flags.dryRun !== true) {
    const { sayPaused } = await import('../say-paused.ts');
    await sayPaused(job.spec, effects.log);
  }
  const failure = flags.dryRun === true ? null : await backfill(job, planned, effects);
  const items = flags.dryRun === true ? planned : await planBackfill(job, range, effects);
  if (flags.json === true) context.out(`${JSON.stringify(items, null, 2)}\n`);
  else context.out(renderItems(items, flags.dryRun === true));
  if (failure !== null) throw failure;
}

/** A date alone means all of its day. */
function lastInstantOf(text: string, timezone: string): Date {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text.trim()) ? parseLocal(text) : undefined;
  if (day === undefined) return timeOf('--to', text, timezone);
  return new Date(fromLocal(day + DAY_MS, timezone).getTime() - 1);
}

function timeOf(flag: string, text: string, timezone: string): Date {
  const instant = parseInstant(text, timezone);
  if (instant !== undefined) return instant;
  throw new ServeBatchError(
    'USAGE',
    `${flag} is "${text}"; expected a date, a time or an instant. Write for example 2026-11-21, 2026-11-21T02:30 or 2026-11-21T01:30:00Z.`,
  );
}

function renderItems(items: readonly BackfillItem[], isPlanned: boolean): string {
  return formatTable(
    ['OCCURRENCE', 'RUN', 'STATE'],
    items.map((item) => [item.occurrence.toISOString(), item.runId ?? '', stateOf(item, isPlanned)]),
  );
}

function stateOf({ state, error, isComplete }: BackfillItem, isPlanned: boolean): string {
  const known = error === null ? state : `${state} (${error.code})`;
  if (!isPlanned) return known ?? 'not run';
  if (state === 'committed' && !isComplete) return 'committed: would be published';
  switch (state) {
    case null:
      return 'would run';
    case 'failed':
    case 'waiting':
    case 'interrupted':
    case 'skipped':
    case 'missed':
    case 'done':
      return `${known}: would run`;
    default:
      return known ?? '';
  }
}
