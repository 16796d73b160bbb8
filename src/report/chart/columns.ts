import { type Html, html } from '../html.ts';
import { leftAxis, type Plot, topLabel } from './axis.ts';
import { categoryAxis, categoryPlace } from './category-axis.ts';
import { at, type Caption, picture, WIDTH } from './frame.ts';
import { amountScale, type Scale } from './scale.ts';

const HEIGHT = 200;
const PLOT: Plot = { left: 56, top: 34, right: WIDTH - 14, bottom: HEIGHT - 40 };

/** One column. */
export interface Column {
  /** Below the axis, where there is room. */
  readonly name: string;
  /** Null: there is none to draw. */
  readonly value: number | null;
  readonly title: string;
}

export interface ColumnsOptions {
  readonly caption: Caption;
  readonly columns: readonly Column[];
  readonly isWarning?: boolean;
  readonly unit: string;
  readonly label: string;
  readonly formatAmount: (value: number) => string;
}

/** Amounts of things that follow one another, as columns from zero. */
export function columnsChart(options: ColumnsOptions): Html {
  const { caption, columns, isWarning = false, unit, label, formatAmount } = options;
  const amounts = amountScale(Math.max(0, ...columns.map(({ value }) => value ?? 0)), {
    start: PLOT.bottom,
    end: PLOT.top,
  });
  const place = categoryPlace(PLOT, columns.length);
  const room = (PLOT.right - PLOT.left) / Math.max(1, columns.length);
  const width = Math.min(40, Math.max(0.8, room > 4 ? room - 1.5 : room * 0.8));
  return picture(caption, HEIGHT, [
    topLabel(PLOT, label),
    leftAxis(PLOT, amounts, formatAmount),
    columns.map((each, index) => column(each, { x: place(index), width, amounts, isWarning })),
    categoryAxis(
      PLOT,
      columns.map(({ name }) => name),
      unit,
    ),
  ]);
}

interface Place {
  readonly x: number;
  readonly width: number;
  readonly amounts: Scale;
  readonly isWarning: boolean;
}

function column({ value, title }: Column, { x, width, amounts, isWarning }: Place): Html | null {
  if (value === null || value === 0) return null;
  // Something that is there is seen, however little it is.
  const top = Math.min(amounts.place(value), PLOT.bottom - 1);
  return html`<rect class="${isWarning ? 'warn' : 'this'}" x="${at(x - width / 2)}" y="${at(top)}" width="${at(width)}" height="${at(PLOT.bottom - top)}"><title>${title}</title></rect>`;
}
