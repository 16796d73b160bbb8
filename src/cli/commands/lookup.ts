import type { Command } from 'commander';
import { systemClock } from '../../core/effects.ts';
import { formatPercent } from '../../core/text/amounts.ts';
import type { PublishedView } from '../../lookup/published-view.ts';
import type { CliContext } from '../context.ts';
import { addOptions, debugOption, jsonOption, kvOption, option, outputOption } from '../options.ts';
import { shortTime } from '../render/format.ts';
import { parsePairs, storeToLookIn } from '../targets/asked-key.ts';

interface LookupFlags {
  readonly output?: string;
  readonly kv?: string;
  readonly json?: boolean;
  readonly as?: string;
}

export function addLookupCommand(program: Command, context: CliContext): void {
  const command = program
    .command('lookup')
    .description('Print a published prediction, or all predictions of a key.')
    .argument('<job>', 'the job')
    .argument('<columns...>', 'the columns of key and field: store=1 product=2 date=2026-11-21');
  addOptions(command, [
    option('--as <name>', 'look in the candidate that "run JOB --as NAME" made'),
    outputOption(),
    kvOption(),
    jsonOption('the prediction'),
    debugOption(),
  ]);
  command.addHelpText(
    'after',
    `
Examples:
  serve-batch lookup sales store=1 product=2 date=2026-11-21     one prediction
  serve-batch lookup sales store=1 product=2                     all dates of the key
  serve-batch lookup sales store=1 product=2 --kv redis://cache:6379 --json`,
  );
  command.action((job: string, columns: readonly string[], flags: LookupFlags) =>
    lookup(context, job, columns, flags),
  );
}

async function lookup(
  context: CliContext,
  job: string,
  pairs: readonly string[],
  flags: LookupFlags,
): Promise<void> {
  const columns = parsePairs(pairs);
  const { placeOfJob } = await import('../targets/job-place.ts');
  const { explainMiss } = await import('../explain-miss.ts');
  const place = await placeOfJob(context, job, flags);
  const url = storeToLookIn(place);
  const { openStore } = await import('../../kv/open-store.ts');
  const { PublishedReader } = await import('../../lookup/published-reader.ts');
  const store = openStore({ job: place.job, url });
  const reader = new PublishedReader(store, { job: place.job, refreshMs: 1000, clock: systemClock });
  try {
    const published = await reader.view().catch(async (error: unknown) => {
      const { explainNothing } = await import('../explain-miss.ts');
      throw await explainNothing(place, error);
    });
    const fieldColumns = published.templates.field?.columns ?? null;
    const given = new Set(Object.keys(columns).map((name) => name.toLowerCase()));
    const wantsSeries = fieldColumns !== null && !fieldColumns.some((name) => given.has(name.toLowerCase()));
    const { view, found } = await (wantsSeries ? reader.series(columns) : reader.get(columns));
    const { info } = view;
    if (found === undefined) throw await explainMiss(context, { place, info, columns });
    context.out(
      flags.json === true
        ? await asJson(place.job, view, found)
        : `${await asText(view, found)}${originText(view)}`,
    );
  } finally {
    await reader.close();
  }
}

/** The stored text of a prediction, or of each field of a series. */
type Found = string | ReadonlyMap<string, string>;

async function asJson(job: string, view: PublishedView, found: Found): Promise<string> {
  const { stringifyLossless } = await import('../../features/lossless-json.ts');
  const { exactValue } = await import('../../lookup/exact-value.ts');
  const answer =
    typeof found === 'string'
      ? { value: exactValue(found, view.info) }
      : {
          values: Object.fromEntries([...found].map(([field, each]) => [field, exactValue(each, view.info)])),
        };
  return `${stringifyLossless({ ...originOf(job, view), ...answer }, 2)}\n`;
}

async function asText({ info }: PublishedView, found: Found): Promise<string> {
  const { exactText, exactValue } = await import('../../lookup/exact-value.ts');
  const show = (text: string): string => exactText(exactValue(text, info));
  if (typeof found === 'string') return `${show(found)}\n`;
  return seriesText(new Map([...found].map(([field, each]) => [field, show(each)])));
}

function originOf(job: string, { info, canary }: PublishedView) {
  const { runId: run, createdAt, model, modelSha256 } = info;
  return { job, run, createdAt, model, modelSha256, ...(canary === null ? {} : { canary }) };
}

function seriesText(values: ReadonlyMap<string, string>): string {
  const width = Math.max(...[...values.keys()].map((field) => field.length));
  return [...values].map(([field, value]) => `${field.padEnd(width)}  ${value}\n`).join('');
}

function originText({ info, generation, canary }: PublishedView): string {
  const from = `from run ${info.runId}, made ${shortTime(info.createdAt)} by ${info.model}\n`;
  if (canary === null) return from;
  const share = formatPercent(canary.share);
  return generation === canary.canary
    ? `${from}It is the canary, for ${share} of the keys; the others get run ${canary.published}.\n`
    : `${from}${share} of the keys get the canary, run ${canary.canary}.\n`;
}
