import type { BenchCase } from './cases/bench-case.ts';
import { rowCountText } from './data/row-count.ts';

export interface PlannedCase {
  readonly benchCase: BenchCase;
  readonly rows: number;
}

/** Which cases run over how many rows, in order. */
export function planCases(
  cases: readonly BenchCase[],
  { rows }: { readonly rows: readonly number[] },
): readonly PlannedCase[] {
  return cases.flatMap((benchCase) =>
    (benchCase.runs === 'each' ? rows : rows.slice(-1)).map((each) => ({ benchCase, rows: each })),
  );
}

/** What is about to run, and about how long it takes. */
export function planText(plan: readonly PlannedCase[], { repeat }: { readonly repeat: number }): string {
  const lines = plan.map(({ benchCase, rows }) => {
    const { prepare, round } = benchCase.estimateSeconds(rows);
    return { seconds: prepare + repeat * round, text: `${benchCase.name.padEnd(20)} ${rowCountText(rows)}` };
  });
  const total = lines.reduce((sum, { seconds }) => sum + seconds, 0);
  return [
    `${repeat} rounds; about ${minutes(total)} on two cores`,
    ...lines.map(({ text, seconds }) => `  ${text.padEnd(28)} ${minutes(seconds)}`),
  ].join('\n');
}

function minutes(seconds: number): string {
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
}
