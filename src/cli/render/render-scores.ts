import type { AccuracyRecord } from '../../accuracy/accuracy-record.ts';
import { deserializeError, type ServeBatchError } from '../../core/errors.ts';
import { formatNumber } from '../../core/text/amounts.ts';
import type { RunSummary } from '../../runs/list/run-summary.ts';
import type { ScoredRun } from '../../tasks/score-runs.ts';
import { fitTable } from './fit-table.ts';
import { formatCount, shortTime } from './format.ts';
import { afterwardsText, figureText, shareText } from './render-accuracy.ts';

/** Columns that a narrow window does without, the first of them first. */
const EXPENDABLE = ['RMSSE', 'MAE', 'OCCURRENCE', 'SCORED'];

/** What came of scoring runs: a line for each that has actuals, and how many have none yet. */
export function renderScores(
  job: string,
  runs: readonly RunSummary[],
  scored: readonly ScoredRun[],
  width: number | undefined,
): string {
  if (runs.length === 0) return `${job} has published nothing yet that could be scored.\n`;
  const rows = scored.flatMap((each) =>
    'record' in each ? [rowOf(each.record, runs, each.kind === 'scored')] : [],
  );
  const hasIntervals = rows.some(({ coverage }) => coverage !== '');
  const hasOccurrence = runs.some(({ occurrence }) => occurrence !== null);
  const header = [
    'RUN',
    ...(hasOccurrence ? ['OCCURRENCE'] : []),
    'SCORED',
    'WAPE',
    'MAE',
    'BIAS',
    'RMSSE',
    'NAIVE WAPE',
    'SKILL',
  ];
  const table =
    rows.length === 0
      ? ''
      : fitTable(
          [...header, ...(hasIntervals ? ['INTERVALS'] : []), 'NEW'],
          rows.map(({ cells, coverage, isNew }) => [
            ...cells,
            ...(hasIntervals ? [coverage] : []),
            isNew ? 'yes' : '',
          ]),
          width,
          EXPENDABLE,
        ).text;
  const without = scored.filter(({ kind }) => kind === 'no actuals').length;
  const failed = scored.flatMap((each) =>
    each.kind === 'failed' ? [`${each.runId} cannot be scored: ${each.error.message}\n`] : [],
  );
  const missing =
    without === 0
      ? ''
      : `${formatNumber(without, 'run')} without actuals: none of ${without === 1 ? 'its' : 'their'} predictions has one yet.\n`;
  const late = scored.flatMap((each) =>
    'record' in each && each.record.afterwards > 0 ? [afterwardsText(each.record)] : [],
  );
  return `${table}${late.join('')}${missing}${failed.join('')}`;
}

function rowOf(record: AccuracyRecord, runs: readonly RunSummary[], isNew: boolean) {
  const { whole, runId } = record;
  const run = runs.find((each) => each.runId === runId);
  return {
    isNew,
    coverage: whole.intervals.map(({ coverage }) => shareText(coverage)).join(' '),
    cells: [
      runId,
      ...(runs.some(({ occurrence }) => occurrence !== null) ? [shortTime(run?.occurrence ?? null)] : []),
      `${formatCount(whole.scored)} of ${formatCount(whole.predictions)}`,
      shareText(whole.wape),
      figureText(whole.mae),
      figureText(whole.bias),
      figureText(whole.rmsse),
      shareText(whole.naive.wape),
      shareText(whole.naive.skill),
    ],
  };
}

/** Why no run could be scored; null where at least one could, or there was nothing to score. */
export function failureOf(scored: readonly ScoredRun[]): ServeBatchError | null {
  const errors = scored.flatMap((each) => (each.kind === 'failed' ? [each.error] : []));
  const [first] = errors;
  return first === undefined || errors.length < scored.length ? null : deserializeError(first);
}
