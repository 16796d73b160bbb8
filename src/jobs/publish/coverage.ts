import { ServeBatchError } from '../../core/errors.ts';
import { formatCount, formatNumber, formatPercent } from '../../core/text/amounts.ts';
import type { RunRecord } from '../../runs/record/run-record.ts';

/** Missing rows that a message names. */
export const MISSING_EXAMPLES = 3;

/** Whether a run has less of its grid than `min`, and so must not be published. Tables have no coverage. */
export function isBelow({ coverage }: Pick<RunRecord, 'coverage'>, min: number): boolean {
  return coverage !== undefined && coverage.ratio < min;
}

/**
 * Says why a committed run is not published.
 * @param missing some of the rows without a prediction, as `store=1 product=2`
 */
export function coverageError(
  { runId, coverage }: Pick<RunRecord, 'runId' | 'coverage'>,
  min: number,
  missing: readonly string[],
): ServeBatchError {
  const { expected = 0, present = 0, ratio = 0 } = coverage ?? {};
  const lacking = expected - present;
  const examples =
    missing.length === 0
      ? ''
      : ` Missing ${lacking === 1 ? 'is' : 'are'}${lacking > missing.length ? ', for example,' : ''} ${missing.join('; ')}.`;
  return new ServeBatchError(
    'COVERAGE_TOO_LOW',
    `Run ${runId} lacks ${formatCount(lacking)} of the ${formatNumber(expected, 'prediction')} of its grid: coverage is ${formatPercent(ratio)}, coverage.min asks for ${formatPercent(min)}. It is committed, but not published: readers see what they saw before.${examples} List all with "serve-batch runs show ${runId} --missing"; publish it all the same with "serve-batch publish ${runId} --force REASON".`,
    { fields: { runId, expected, present, ratio, min } },
  );
}
