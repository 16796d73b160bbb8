import { type Html, html } from '../html.ts';
import { bottomAxis, type Plot } from './axis.ts';
import { at, type Caption, picture, WIDTH } from './frame.ts';
import { linearScale } from './scale.ts';

const LANE_HEIGHT = 18;

export interface LaneBar {
  /** From 0, from top to bottom. */
  readonly lane: number;
  readonly from: number;
  readonly to: number;
  readonly title: string;
  readonly isMarked: boolean;
}

export interface LanesOptions {
  readonly caption: Caption;
  readonly bars: readonly LaneBar[];
  readonly from: number;
  readonly to: number;
  readonly unit: string;
  readonly formatValue: (value: number) => string;
}

/** What went on when: bars in lanes over time. */
export function lanes({ caption, bars, from, to, unit, formatValue }: LanesOptions): Html {
  const count = Math.max(0, ...bars.map(({ lane }) => lane + 1));
  const plot: Plot = { left: 34, top: 4, right: WIDTH - 14, bottom: 4 + count * LANE_HEIGHT };
  const scale = linearScale(from, to, { start: plot.left, end: plot.right });
  const names = Array.from(
    { length: count },
    (_, lane) =>
      html`<text class="tick" x="${plot.left - 8}" y="${plot.top + lane * LANE_HEIGHT + 13}" text-anchor="end">${lane + 1}</text>`,
  );
  return picture(caption, plot.bottom + 40, [
    names,
    bars.map((bar) => {
      const left = scale.place(bar.from);
      const width = Math.max(0.6, scale.place(bar.to) - left - 0.8);
      return html`<rect class="${bar.isMarked ? 'warn' : 'this'}" x="${at(left)}" y="${plot.top + bar.lane * LANE_HEIGHT + 3}" width="${at(width)}" height="${LANE_HEIGHT - 6}"><title>${bar.title}</title></rect>`;
    }),
    bottomAxis(plot, scale, formatValue, unit),
  ]);
}
