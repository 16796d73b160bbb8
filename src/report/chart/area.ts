import { type Html, html } from '../html.ts';
import { bottomAxis, leftAxis, type Plot, topLabel } from './axis.ts';
import { at, type Caption, picture, WIDTH } from './frame.ts';
import type { Bin } from './histogram.ts';
import { amountScale, linearScale } from './scale.ts';

const HEIGHT = 220;
const PLOT: Plot = { left: 56, top: 38, right: WIDTH - 14, bottom: HEIGHT - 40 };

export interface AreaOptions {
  readonly caption: Caption;
  /** Side by side, each with its height. */
  readonly bins: readonly Bin[];
  /** A line across: what the whole comes to. */
  readonly mean: { readonly value: number; readonly text: string };
  readonly unit: string;
  readonly label: string;
  readonly formatValue: (value: number) => string;
  readonly formatAmount: (value: number) => string;
}

/** How an amount goes over time: an area with steps, and its mean. */
export function area(options: AreaOptions): Html {
  const { caption, bins, mean, unit, label, formatValue, formatAmount } = options;
  const scale = linearScale(bins[0]?.from ?? 0, bins.at(-1)?.to ?? 1, { start: PLOT.left, end: PLOT.right });
  const amounts = amountScale(Math.max(mean.value, ...bins.map(({ value }) => value)), {
    start: PLOT.bottom,
    end: PLOT.top,
  });
  const line = bins.map(({ to, value }) => `V${at(amounts.place(value))}H${at(scale.place(to))}`).join('');
  const y = at(amounts.place(mean.value));
  return picture(caption, HEIGHT, [
    topLabel(PLOT, label),
    leftAxis(PLOT, amounts, formatAmount),
    html`<path class="area" d="M${PLOT.left} ${PLOT.bottom}${line}V${PLOT.bottom}Z"/>`,
    html`<path class="line" d="M${PLOT.left} ${PLOT.bottom}${line}V${PLOT.bottom}"/>`,
    html`<path class="mark" d="M${PLOT.left} ${y}H${PLOT.right}"/><text class="label halo" x="${PLOT.right - 4}" y="${y - 5}" text-anchor="end">${mean.text}</text>`,
    bottomAxis(PLOT, scale, formatValue, unit),
  ]);
}
