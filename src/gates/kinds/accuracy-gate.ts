import type { AccuracyFigures, RunAccuracy } from '../../core/accuracy.ts';
import type { AccuracyGate, GateResult } from '../../core/gates.ts';
import { formatNumber } from '../../core/text/amounts.ts';
import { finding, judged, notCompared, percent } from '../findings.ts';

/** @param scored earlier runs that are scored, newest first */
export function checkAccuracy(gate: AccuracyGate, scored: readonly RunAccuracy[]): GateResult {
  const runs = scored.slice(0, gate.runs);
  if (runs.length === 0) return notCompared(gate, 'no earlier run is scored yet');
  const texts = judgeAccuracy(
    gate,
    runs.map(({ whole }) => whole),
  );
  const [newest] = runs;
  const detail = `the last ${formatNumber(runs.length, 'scored run')}, the newest of them ${newest?.runId}`;
  return judged(
    gate,
    texts.map((text) => finding(`${text}, over ${detail}`)),
    detail,
  );
}

/** What is worse than allowed, of all runs together: their errors and actuals are added up. Empty: nothing. */
export function judgeAccuracy(
  { wape, bias, naive }: Pick<AccuracyGate, 'wape' | 'bias' | 'naive'>,
  runs: readonly AccuracyFigures[],
): readonly string[] {
  const sum = (of: (run: AccuracyFigures) => number): number =>
    runs.reduce((total, run) => total + of(run), 0);
  const actuals = sum(({ absoluteActual }) => absoluteActual);
  const share = sum(({ absoluteError }) => absoluteError) / actuals;
  const off = sum((run) => (run.biasShare ?? 0) * run.absoluteActual) / actuals;
  const naiveError = sum((run) => run.naive.absoluteError);
  const worse = sum((run) => run.naive.absoluteErrorOfPredictions) / naiveError - 1;
  return [
    ...(wape !== null && actuals > 0 && share > wape
      ? [`WAPE ${percent(share)}, at most ${percent(wape)}`]
      : []),
    ...(bias !== null && actuals > 0 && Math.abs(off) > bias
      ? [
          `predictions are ${percent(Math.abs(off))} too ${off > 0 ? 'high' : 'low'}, at most ${percent(bias)}`,
        ]
      : []),
    ...(naive !== null && naiveError > 0 && worse > naive
      ? [`errors are ${percent(worse)} larger than those of the naive forecast, at most ${percent(naive)}`]
      : []),
  ];
}
