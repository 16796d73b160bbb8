import type { Command } from 'commander';
import { systemClock } from '../../core/effects.ts';
import { formatPercent } from '../../core/text/amounts.ts';
import type { PredictionValue } from '../../lookup/parse-value.ts';
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
    const { parseValue } = await import('../../lookup/parse-value.ts');
    const answer =
      typeof found === 'string'
        ? { value: parseValue(found, info) }
        : {
            values: Object.fromEntries([...found].map(([field, each]) => [field, parseValue(each, info)])),
          };
    context.out(
      flags.json === true ? json({ ...originOf(place.job, view), ...answer }) : textOf(answer, view),
    );
  } finally {
    await reader.close();
  }
}

function originOf(job: string, { info, canary }: PublishedView) {
  const { runId: run, createdAt, model, modelSha256 } = info;
  return { job, run, createdAt, model, modelSha256, ...(canary === null ? {} : { canary }) };
}

type Answered =
  | { readonly value: PredictionValue }
  | { readonly values: Readonly<Record<string, PredictionValue>> };

function textOf(answer: Answered, view: PublishedView): string {
  const lines = 'value' in answer ? `${show(answer.value)}\n` : text(answer.values);
  return `${lines}${originText(view)}`;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function text(values: Readonly<Record<string, PredictionValue>>): string {
  const width = Math.max(...Object.keys(values).map((field) => field.length));
  return Object.entries(values)
    .map(([field, value]) => `${field.padEnd(width)}  ${show(value)}\n`)
    .join('');
}

function show(value: PredictionValue): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function originText({ info, generation, canary }: PublishedView): string {
  const from = `from run ${info.runId}, made ${shortTime(info.createdAt)} by ${info.model}\n`;
  if (canary === null) return from;
  const share = formatPercent(canary.share);
  return generation === canary.canary
    ? `${from}It is the canary, for ${share} of the keys; the others get run ${canary.published}.\n`
    : `${from}${share} of the keys get the canary, run ${canary.canary}.\n`;
}
