import { type Html, html } from '../html.ts';
import { leftAxis, type Plot, topLabel } from './axis.ts';
import { categoryAxis, categoryPlace } from './category-axis.ts';
import { at, type Caption, picture, WIDTH } from './frame.ts';
import { linearScale, niceStep, type Scale } from './scale.ts';

const HEIGHT = 220;
const PLOT: Plot = { left: 56, top: 34, right: WIDTH - 14, bottom: HEIGHT - 40 };
/** More points would run together. */
const MOST_POINTS = 40;

export interface LinesOptions {
  readonly caption: Caption;
  /** Of the points, from left to right. */
  readonly names: readonly string[];
  /** One for each name; null: there is none. */
  readonly values: readonly (number | null)[];
  /** A second line, drawn below the first, in other form. */
  readonly before?: readonly (number | null)[];
  readonly unit: string | null;
  readonly label: string;
  readonly formatAmount: (value: number) => string;
}

/** Values that follow one another, as a line that is broken where one is missing. */
export function linesChart(options: LinesOptions): Html {
  const { caption, names, values, before = [], unit, label, formatAmount } = options;
  const scale = scaleOf([...values, ...before].filter((value) => value !== null));
  const place = categoryPlace(PLOT, names.length);
  return picture(caption, HEIGHT, [
    topLabel(PLOT, label),
    leftAxis(PLOT, scale, formatAmount),
    html`<path class="before dashed" d="${path(before, place, scale)}"/>`,
    html`<path class="line" d="${path(values, place, scale)}"/>`,
    names.length > MOST_POINTS
      ? null
      : values.map((value, index) =>
          value === null
            ? null
            : html`<circle class="point" cx="${at(place(index))}" cy="${at(scale.place(value))}" r="3"><title>${names[index] ?? ''}: ${formatAmount(value)}</title></circle>`,
        ),
    categoryAxis(PLOT, names, unit),
  ]);
}

/** From one round number to another around all values; from zero where they come near to it. */
function scaleOf(values: readonly number[]): Scale {
  const low = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const span = { start: PLOT.bottom, end: PLOT.top };
  if (!(high >= low)) return linearScale(0, 1, span, 4);
  const from = low > 0 && low < high / 2 ? 0 : low;
  if (from === high) return linearScale(from, high, span, 4);
  const step = niceStep(from, high, 4);
  return linearScale(Math.floor(from / step + 1e-9) * step, Math.ceil(high / step - 1e-9) * step, span, 4);
}

/** A value between two that are missing is a line of no length: its ends are round, so that it is seen. */
function path(values: readonly (number | null)[], place: (index: number) => number, scale: Scale): string {
  let isDrawn = false;
  return values
    .map((value, index) => {
      if (value === null) {
        isDrawn = false;
        return '';
      }
      const [x, y] = [at(place(index)), at(scale.place(value))];
      const step = isDrawn ? `L${x} ${y}` : `M${x} ${y}h0`;
      isDrawn = true;
      return step;
    })
    .join('');
}
