import type { Command } from 'commander';
import { systemClock } from '../../../core/effects.ts';
import { ServeBatchError } from '../../../core/errors.ts';
import { suggestion } from '../../../core/text/nearest.ts';
import {
  listOccurrences,
  OCCURRENCE_STATUSES,
  type OccurrenceFilter,
  type OccurrenceStatus,
  type OccurrenceSummary,
} from '../../../runs/occurrence/list-occurrences.ts';
import type { CliContext } from '../../context.ts';
import {
  addOptions,
  debugOption,
  jsonOption,
  list,
  option,
  outputOption,
  wholeNumber,
} from '../../options.ts';
import { fitTable } from '../../render/fit-table.ts';
import { formatTable, shortTime } from '../../render/format.ts';
import { pointInTime } from '../../targets/point-in-time.ts';

const DEFAULT_LIMIT = 50;
/** A table stays readable; --json has the whole reason. */
const REASON_CHARACTERS = 100;
const SHORTEST_REASON = 20;
/** Columns that a narrow window does without, the first of them first. */
const EXPENDABLE = ['NEXT TRY', 'ATTEMPTS', 'RUN'];

interface OccurrencesFlags {
  readonly state?: readonly string[];
  readonly since?: string;
  readonly limit?: number;
  readonly output?: string;
  readonly json?: boolean;
}

export function addOccurrencesCommand(runs: Command, context: CliContext): void {
  const command = runs
    .command('occurrences')
    .description('List scheduled occurrences with their state, newest first.')
    .argument('[job]', 'only this job');
  addOptions(command, [
    list('--state <states>', `only these states: ${OCCURRENCE_STATUSES.join(', ')}`),
    option('--since <time>', 'only occurrences since then: 7d, 2026-11-01 or 2026-11-01T06:00Z'),
    wholeNumber('--limit <n>', `show only the newest N occurrences (default: ${DEFAULT_LIMIT})`),
    outputOption(),
    jsonOption('the occurrences'),
    debugOption(),
  ]);
  command.addHelpText(
    'after',
    '\nExamples:\n  serve-batch runs occurrences weekly\n  serve-batch runs occurrences --state failed,missed --since 30d',
  );
  command.action((job: string | undefined, flags: OccurrencesFlags) => listCommand(context, job, flags));
}

async function listCommand(
  context: CliContext,
  job: string | undefined,
  flags: OccurrencesFlags,
): Promise<void> {
  const { foldersOfJobs } = await import('../../targets/job-place.ts');
  const filter = filterOf(flags);
  const found: OccurrenceSummary[] = [];
  for (const folder of await foldersOfJobs(context, { ...flags, job }))
    found.push(...(await listOccurrences(folder, systemClock, filter)));
  found.sort((a, b) => (a.occurrence < b.occurrence ? 1 : a.occurrence > b.occurrence ? -1 : 0));
  const shown = found.slice(0, filter.limit);
  if (flags.json === true) context.out(`${JSON.stringify(shown, null, 2)}\n`);
  else if (shown.length > 0) context.out(context.secrets.mask(renderOccurrences(shown, context.width)));
  else
    context.out(
      'No such occurrences. A job with a schedule has some from when "schedule" or "tick" first sees it.\n',
    );
}

function filterOf({ state, since, limit = DEFAULT_LIMIT }: OccurrencesFlags): OccurrenceFilter {
  return {
    ...(state === undefined ? {} : { statuses: state.map(statusNamed) }),
    ...(since === undefined ? {} : { since: pointInTime(since, '--since', systemClock.now()) }),
    limit,
  };
}

/** `rolled-back` needs no quotes in a shell. */
function statusNamed(text: string): OccurrenceStatus {
  const name = text.toLowerCase().replace(/[-_]/g, ' ');
  const status = OCCURRENCE_STATUSES.find((each) => each === name);
  if (status !== undefined) return status;
  throw new ServeBatchError(
    'USAGE',
    `--state is "${text}"; expected ${OCCURRENCE_STATUSES.join(', ')}.${suggestion(name, OCCURRENCE_STATUSES)}`,
  );
}

/** The reason is cut first: without it, `runs occurrences --json` would be the only way to see it at all. */
function renderOccurrences(
  occurrences: readonly OccurrenceSummary[],
  width = Number.POSITIVE_INFINITY,
): string {
  const header = ['OCCURRENCE', 'JOB', 'STATE', 'ATTEMPTS', 'RUN', 'NEXT TRY', 'REASON'];
  const rows = occurrences.map(
    ({ occurrence, job, status, count, attempts, runId, nextAttemptAt, ...rest }) => [
      shortTime(occurrence),
      job,
      status,
      attempts === 0 ? '' : String(attempts),
      runId ?? '',
      shortTime(nextAttemptAt),
      count > 1 ? `${count} in a row, from ${shortTime(rest.firstOccurrence)}` : reasonOf(rest),
    ],
  );
  const withReasons = (room: number) =>
    rows.map((cells) => [...cells.slice(0, -1), cut(cells.at(-1) ?? '', room)]);
  const spare =
    width -
    Math.max(
      ...formatTable(header, withReasons(0))
        .split('\n')
        .map(({ length }) => length),
    ) -
    2;
  const room = Math.max(Math.min(spare, REASON_CHARACTERS), SHORTEST_REASON);
  return fitTable(header, withReasons(room), width, EXPENDABLE).text;
}

function cut(text: string, room: number): string {
  return text.length > room ? `${text.slice(0, Math.max(room - 1, 0))}…` : text;
}

function reasonOf({ error, waitsFor }: Pick<OccurrenceSummary, 'error' | 'waitsFor'>): string {
  const why =
    error === null ? (waitsFor === null ? '' : `lacks ${waitsFor}`) : `${error.code}: ${error.message}`;
  return why.replaceAll(/\s+/g, ' ');
}
