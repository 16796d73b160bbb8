import { formatCount } from '../../core/text/amounts.ts';
import { card, lead, missing } from '../../report/card.ts';
import { columnsChart } from '../../report/chart/columns.ts';
import { linesChart } from '../../report/chart/lines.ts';
import { type Html, html } from '../../report/html.ts';
import { formatCompact, formatShare, plural } from '../../report/numbers.ts';
import type { RunSummary } from '../../runs/list/run-summary.ts';
import type { RunRecord } from '../../runs/record/run-record.ts';

/** The runs of a page over time, oldest first: throughput, rejects, and coverage where the job has a grid. */
export function runCharts(newestFirst: readonly RunSummary[]): Html | null {
  const runs = [...newestFirst].reverse();
  const counted = runs.filter(({ record }) => record !== undefined);
  if (counted.length === 0) return null;
  const coverage = counted.some(({ record }) => record?.coverage !== undefined);
  return html`<div class="cards">${throughput(runs)}${rejects(runs)}${coverage ? coverageCard(runs) : null}</div>`;
}

const UNIT = 'runs, by the day on which they were planned';

function throughput(runs: readonly RunSummary[]): Html {
  const title = 'Throughput';
  const values = runs.map(figureOf(({ throughputRowsPerSecond }) => throughputRowsPerSecond));
  const known = values.filter((value) => value !== null);
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  const description = `${plural(known.length, 'run')}; on average ${formatCount(mean)} rows a second.`;
  return card(title, [
    lead(description),
    columnsChart({
      caption: { id: 'throughput', title, description },
      columns: columnsOf(runs, values, (value) => `${formatCount(value)} rows a second`),
      unit: UNIT,
      label: 'rows a second',
      formatAmount: formatCompact,
    }),
  ]);
}

function rejects(runs: readonly RunSummary[]): Html {
  const title = 'Rejects';
  const values = runs.map(figureOf((record) => record.rejects));
  const affected = values.filter((value) => value !== null && value > 0).length;
  if (affected === 0) return card(title, missing('No row of these runs was rejected.'));
  const description = `${affected} of ${plural(values.filter((value) => value !== null).length, 'run')} rejected rows.`;
  return card(title, [
    lead(description),
    columnsChart({
      caption: { id: 'rejects', title, description },
      columns: columnsOf(runs, values, (value) => plural(value, 'reject')),
      isWarning: true,
      unit: UNIT,
      label: 'rejected rows',
      formatAmount: formatCompact,
    }),
  ]);
}

function coverageCard(runs: readonly RunSummary[]): Html {
  const title = 'Coverage';
  const values = runs.map(figureOf(({ coverage }) => coverage?.ratio ?? null));
  const short = runs.filter(({ record }) => record?.coverage && record.coverage.ratio < record.coverage.min);
  const last = values.findLast((value) => value !== null) ?? 0;
  const description = `${formatShare(last)} of the grid in the newest of these runs; ${plural(short.length, 'run')} had less than the job asks for.`;
  return card(title, [
    lead(description),
    linesChart({
      caption: { id: 'coverage', title, description },
      names: runs.map(dayOf),
      values,
      unit: UNIT,
      label: 'share of the grid',
      formatAmount: formatShare,
    }),
  ]);
}

function figureOf(of: (record: RunRecord) => number | null) {
  return ({ record }: RunSummary): number | null => (record === undefined ? null : of(record));
}

function columnsOf(
  runs: readonly RunSummary[],
  values: readonly (number | null)[],
  format: (value: number) => string,
) {
  return runs.map((run, index) => {
    const value = values[index] ?? null;
    return { name: dayOf(run), value, title: `${run.runId}: ${value === null ? '' : format(value)}` };
  });
}

function dayOf({ createdAt }: RunSummary): string {
  return createdAt.slice(0, 10);
}
