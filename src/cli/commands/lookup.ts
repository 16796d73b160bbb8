import type { Command } from 'commander';
import type { PredictionValue } from '../../lookup/parse-value.ts';
import { parsePairs, storeToLookIn } from '../asked-key.ts';
import type { CliContext } from '../context.ts';
import { addOptions, debugOption, jsonOption, kvOption, outputOption } from '../options.ts';
import { shortTime } from '../render/format.ts';

interface LookupFlags {
  readonly output?: string;
  readonly kv?: string;
  readonly json?: boolean;
}

export function addLookupCommand(program: Command, context: CliContext): void {
  const command = program
    .command('lookup')
    .description('Print a published prediction, or all predictions of a key.')
    .argument('<job>', 'the job')
    .argument('<columns...>', 'the columns of key and field: store=1 product=2 date=2026-11-21');
  addOptions(command, [outputOption(), kvOption(), jsonOption('the prediction'), debugOption()]);
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
  const { placeOfJob } = await import('../job-place.ts');
  const { explainMiss } = await import('../explain-miss.ts');
  const place = await placeOfJob(context, job, flags);
  const url = storeToLookIn(place);
  const { createLookup } = await import('../../lookup/lookup.ts');
  const reader = createLookup({ job: place.job, url });
  try {
    const info = await reader.info().catch(async (error: unknown) => {
      const { explainNothing } = await import('../explain-miss.ts');
      throw await explainNothing(place, error);
    });
    const { parseTemplate } = await import('../../core/template.ts');
    const fieldColumns = info.field === null ? [] : parseTemplate(info.field, 'kv.field').columns;
    const given = new Set(Object.keys(columns).map((name) => name.toLowerCase()));
    const wantsSeries = info.field !== null && !fieldColumns.some((name) => given.has(name.toLowerCase()));
    const origin = {
      job: place.job,
      run: info.runId,
      createdAt: info.createdAt,
      model: info.model,
      modelSha256: info.modelSha256,
    };
    if (wantsSeries) {
      const series = await reader.series(columns);
      if (series === undefined) throw await explainMiss(context, { place, info, columns });
      const values = Object.fromEntries(series.values);
      context.out(flags.json === true ? json({ ...origin, values }) : `${text(values)}${originText(origin)}`);
      return;
    }
    const prediction = await reader.get(columns);
    if (prediction === undefined) throw await explainMiss(context, { place, info, columns });
    context.out(
      flags.json === true
        ? json({ ...origin, value: prediction.value })
        : `${show(prediction.value)}\n${originText(origin)}`,
    );
  } finally {
    await reader.close();
  }
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

function originText({ run, createdAt, model }: { run: string; createdAt: string; model: string }): string {
  return `from run ${run}, made ${shortTime(createdAt)} by ${model}\n`;
}
