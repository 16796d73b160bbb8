import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { addOptions, debugOption, jsonOption, kvOption, option, outputOption } from '../options.ts';
import { parsePairs } from '../targets/asked-key.ts';

interface WhyFlags {
  readonly output?: string;
  readonly kv?: string;
  readonly explain?: boolean;
  readonly json?: boolean;
}

export function addWhyCommand(program: Command, context: CliContext): void {
  const command = program
    .command('why')
    .description('Show where a published prediction comes from: run, model, input row, features.')
    .argument('<job>', 'the job')
    .argument('<columns...>', 'the columns of key and field: store=1 product=2 date=2026-11-21');
  addOptions(command, [
    outputOption(),
    kvOption(),
    option('--explain', 'show what each feature contributes (tree models)'),
    jsonOption('what it comes from'),
    debugOption(),
  ]);
  command.addHelpText(
    'after',
    `
Examples:
  serve-batch why sales store=1 product=2 date=2026-11-21
  serve-batch why sales store=1 product=2 date=2026-11-21 --explain
  serve-batch why sales store=1 product=2 date=2026-11-21 --json`,
  );
  command.action((job: string, columns: readonly string[], flags: WhyFlags) =>
    why(context, job, columns, flags),
  );
}

async function why(
  context: CliContext,
  job: string,
  pairs: readonly string[],
  flags: WhyFlags,
): Promise<void> {
  const columns = parsePairs(pairs);
  const { placeOfJob } = await import('../targets/job-place.ts');
  const { tracePrediction } = await import('../trace-prediction.ts');
  const { renderWhy, whyJson } = await import('../render/render-why.ts');
  const traced = await tracePrediction(context, await placeOfJob(context, job, flags), columns, {
    explain: flags.explain === true,
  });
  const { stringifyLossless } = await import('../../features/lossless-json.ts');
  context.out(flags.json === true ? `${stringifyLossless(whyJson(traced), 2)}\n` : renderWhy(traced));
}
