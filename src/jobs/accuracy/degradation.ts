import type { AccuracyRecord } from '../../accuracy/accuracy-record.ts';
import type { JobSpec } from '../../config/job-spec.ts';
import type { Clock } from '../../core/effects.ts';
import { findingText } from '../../core/gates.ts';
import { figure } from '../../gates/findings.ts';
import { checkAccuracy } from '../../gates/kinds/accuracy-gate.ts';
import { newestScored } from './scored-runs.ts';

/** A run of which less has come true is not judged yet: the first day may be unlike the rest. */
const LEAST_SCORED = 0.5;

/**
 * Whether a run that was just scored shows that forecasts have become worse than they may be: the accuracy gates of
 * the job would keep the next run from its readers or, where it has none, the naive forecast was better. Null: no.
 */
export async function degradationOf(
  spec: JobSpec,
  { runId, whole }: AccuracyRecord,
  clock: Clock,
): Promise<string | null> {
  if (whole.scored < LEAST_SCORED * whole.predictions) return null;
  const gates = spec.publish.gates.flatMap((gate) => (gate.kind === 'accuracy' ? [gate] : []));
  if (gates.length === 0) {
    const { skill, wape } = whole.naive;
    if (skill === null || skill >= 0) return null;
    return `the naive forecast was better than run ${runId}: WAPE ${figure(100 * (wape ?? 0))}%, of the predictions ${figure(100 * (whole.wape ?? 0))}%`;
  }
  const count = Math.max(...gates.map(({ runs }) => runs));
  const scored = await newestScored(spec, { before: null, count, clock });
  const failed = gates.flatMap((gate) => checkAccuracy(gate, scored).findings.map(findingText));
  return failed.length === 0 ? null : failed.join('; ');
}
