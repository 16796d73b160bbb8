import { formatCount } from '../../core/text/amounts.ts';
import { card, lead, missing } from '../card.ts';
import { HISTOGRAM_SPAN, histogram } from '../chart/histogram.ts';
import { powerScale } from '../chart/scale.ts';
import { numberCell, tableBehind } from '../data-table.ts';
import type { LatencyFacts } from '../facts/latency.ts';
import type { Html } from '../html.ts';
import { formatCompact, formatMs, plural } from '../numbers.ts';

/** How long the calls of the model took. */
export function latencySection(latency: LatencyFacts | null, batchRows: number | null): Html {
  const title = 'Batch latency';
  if (latency === null) return card(title, missing('No call of the model was timed.'));
  const { calls, bins, p50, p95, p99, max } = latency;
  const size = batchRows === null ? '' : ` of up to ${plural(batchRows, 'row')}`;
  const description = `${plural(calls, 'call')} of the model${size}: half took up to ${formatMs(p50)}, 95% up to ${formatMs(p95)}, 99% up to ${formatMs(p99)}, the longest ${formatMs(max)}.`;
  return card(title, [
    lead(description),
    histogram({
      caption: { id: 'latency', title, description },
      bins,
      marks: [
        { at: p50, text: `p50 ${formatMs(p50)}` },
        { at: p95, text: `p95 ${formatMs(p95)}` },
        { at: p99, text: `p99 ${formatMs(p99)}` },
      ],
      scale: powerScale(bins[0]?.from ?? 1, bins.at(-1)?.to ?? 2, HISTOGRAM_SPAN),
      unit: 'milliseconds, in steps of equal ratio',
      label: 'calls',
      formatValue: (ms) => String(Number(ms.toPrecision(3))),
      formatAmount: formatCompact,
    }),
    tableBehind(
      ['Above (ms)', 'Up to (ms)', 'Calls'],
      bins
        .filter(({ value }) => value > 0)
        .map(({ from, to, value }) => [
          numberCell(from.toPrecision(3)),
          numberCell(to.toPrecision(3)),
          numberCell(formatCount(value)),
        ]),
    ),
  ]);
}
