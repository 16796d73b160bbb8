import { type Command, InvalidArgumentError, type Option } from 'commander';
import type { ChangeLimit } from '../../compare/comparison.ts';
import { parseShare } from '../../config/fields/share.ts';
import type { CliContext } from '../context.ts';
import { addOptions, debugOption, jsonOption, list, option, outputOption, wholeNumber } from '../options.ts';
import { renderComparison } from '../render/render-comparison.ts';

interface CompareFlags {
  readonly by?: readonly string[];
  readonly key?: readonly string[];
  readonly maxChange?: number;
  readonly maxShare?: number;
  readonly top?: number;
  readonly job?: string;
  readonly output?: string;
  readonly json?: boolean;
}

const DEFAULT_TOP = 10;

export function addCompareCommand(program: Command, context: CliContext): void {
  const command = program
    .command('compare')
    .description('Compare the predictions of two runs, key by key.')
    .argument(
      '<before>',
      'a run: its id, the first characters of it, a job (its published run), published or previous',
    )
    .argument('<after>', 'the run to compare with it');
  addOptions(command, [
    list('--by <columns>', 'columns of the parts that make segments: store,region'),
    shareOption('--max-change <share>', 'how much a key may change, as a share of the larger value: 5%'),
    shareOption('--max-share <share>', 'the share of keys that may change by more than that: 1%'),
    list('--key <columns>', 'the columns to join by (default: those of kv.key and kv.field)'),
    wholeNumber('--top <n>', `show the N biggest changes (default: ${DEFAULT_TOP})`),
    option('--job <job>', 'the job of published and previous, if both are given'),
    outputOption(),
    jsonOption('the comparison'),
    debugOption(),
  ]);
  command.addHelpText(
    'after',
    `
With --max-change or --max-share, the exit code is 5 if more keys differ. Without --max-share, no key may differ;
without --max-change, any other value differs. A key that only one run has also differs.

Examples:
  serve-batch compare published 20261121T000000Z-k3x9                    a candidate, and what readers see
  serve-batch compare previous published --job sales --by store
  serve-batch compare sales sales-trial --max-change 5% --max-share 1%   two jobs, or names of run --as`,
  );
  command.action((before: string, after: string, flags: CompareFlags) =>
    compare(context, [before, after], flags),
  );
}

function shareOption(flags: string, description: string): Option {
  return option(flags, description).argParser((value: string) => {
    const share = /^\d*\.?\d+$/.test(value) ? Number(value) : parseShare(value);
    if (share === undefined || !(share >= 0 && share <= 1))
      throw new InvalidArgumentError('Expected a share from 0 to 1, or a percentage: 5% or 0.05.');
    return share;
  });
}

async function compare(
  context: CliContext,
  names: readonly [string, string],
  flags: CompareFlags,
): Promise<void> {
  const { findTwoRuns } = await import('../targets/named-runs.ts');
  const runs = await findTwoRuns(context, names, flags);
  const { withDatabase } = await import('../../history/history-database.ts');
  const { readComparedRun } = await import('../../compare/compared-run.ts');
  const { compareRuns, differsError } = await import('../../compare/compare-runs.ts');
  const [before, after] = await Promise.all(
    runs.map(({ folderOfJob, runId }) => readComparedRun(folderOfJob, runId)),
  );
  if (before === undefined || after === undefined) throw new RangeError('Two runs were named');
  const { by = [], key = null, top = DEFAULT_TOP } = flags;
  const request = { before, after, by, key, top, limit: limitOf(flags) };
  const comparison = await withDatabase(context.signal, (database) => compareRuns(database, request));
  context.out(
    flags.json === true
      ? `${JSON.stringify(comparison, null, 2)}\n`
      : renderComparison(comparison, context.width),
  );
  if (!comparison.limit.isMet) throw differsError(comparison);
}

function limitOf({ maxChange, maxShare }: CompareFlags): ChangeLimit {
  const most = maxChange === undefined && maxShare === undefined ? null : (maxShare ?? 0);
  return { change: maxChange ?? 0, most };
}
