import { type Html, html } from '../html.ts';
import { bottomAxis, leftAxis, type Plot, topLabel } from './axis.ts';
import { at, type Caption, picture, WIDTH } from './frame.ts';
import { amountScale, type Scale, type Span } from './scale.ts';

const HEIGHT = 230;
const PLOT: Plot = { left: 56, top: 38, right: WIDTH - 14, bottom: HEIGHT - 40 };
/** Where the values lie from left to right: for the scale that the caller makes. */
export const HISTOGRAM_SPAN: Span = { start: PLOT.left, end: PLOT.right };

export interface Bin {
  readonly from: number;
  /** Exclusive, except of the last bin. */
  readonly to: number;
  readonly value: number;
}

/** A line through the plot with a text at its top. */
export interface Mark {
  readonly at: number;
  readonly text: string;
}

export interface HistogramOptions {
  readonly caption: Caption;
  readonly bins: readonly Bin[];
  /** Drawn as a line over the bars, in the same bins. */
  readonly before?: readonly Bin[] | undefined;
  readonly marks?: readonly Mark[];
  /** Of the values, from left to right, over {@link HISTOGRAM_SPAN}. */
  readonly scale: Scale;
  readonly unit: string | null;
  readonly label: string;
  readonly formatValue: (value: number) => string;
  readonly formatAmount: (value: number) => string;
  /** What a bar says of itself; its borders and its amount where it is left out. */
  readonly titleOf?: (bin: Bin) => string;
}

/** Bars side by side over a scale; a second set of amounts as a line with steps. */
export function histogram(options: HistogramOptions): Html {
  const { caption, bins, before, scale, unit, label, formatValue, formatAmount } = options;
  const titleOf =
    options.titleOf ??
    (({ from, to, value }: Bin) => `${formatValue(from)} to ${formatValue(to)}: ${formatAmount(value)}`);
  const most = Math.max(...[...bins, ...(before ?? [])].map(({ value }) => value));
  const amounts = amountScale(most, { start: PLOT.bottom, end: PLOT.top });
  return picture(caption, HEIGHT, [
    topLabel(PLOT, label),
    leftAxis(PLOT, amounts, formatAmount),
    bins.map((bin) => bar(bin, scale, amounts, titleOf(bin))),
    before === undefined ? null : steps(before, scale, amounts),
    (options.marks ?? []).map((mark, index) => drawMark(mark, index, scale)),
    bottomAxis(PLOT, scale, formatValue, unit),
  ]);
}

/** A little room between two bars, where there is any. */
function bar({ from, to, value }: Bin, scale: Scale, amounts: Scale, title: string): Html | null {
  if (value === 0) return null;
  const left = scale.place(from);
  const room = scale.place(to) - left;
  const width = Math.max(0.5, room - (room > 4 ? 1 : 0));
  // Something that is there is seen, however little it is.
  const top = Math.min(amounts.place(value), PLOT.bottom - 1);
  return html`<rect class="this" x="${at(left)}" y="${at(top)}" width="${at(width)}" height="${at(PLOT.bottom - top)}"><title>${title}</title></rect>`;
}

function steps(bins: readonly Bin[], scale: Scale, amounts: Scale): Html {
  const line = bins.map(({ to, value }) => `V${at(amounts.place(value))}H${at(scale.place(to))}`).join('');
  const start = at(scale.place(bins[0]?.from ?? scale.from));
  return html`<path class="before" d="M${start} ${PLOT.bottom}${line}V${PLOT.bottom}"/>`;
}

/** Texts of marks that lie close to each other stand one below the other. */
function drawMark({ at: value, text }: Mark, index: number, scale: Scale): Html {
  const x = at(scale.place(Math.min(scale.to, Math.max(scale.from, value))));
  const isRight = x > (PLOT.left + PLOT.right) * 0.7;
  const y = PLOT.top + 4 + index * 15;
  return html`<path class="mark" d="M${x} ${y - 8}V${PLOT.bottom}"/><text class="label halo" x="${isRight ? x - 5 : x + 5}" y="${y}" text-anchor="${isRight ? 'end' : 'start'}">${text}</text>`;
}
