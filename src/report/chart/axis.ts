import { type Html, html } from '../html.ts';
import { at } from './frame.ts';
import type { Scale } from './scale.ts';

/** The rectangle in which values are drawn; axes and their texts stand outside it. */
export interface Plot {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Lines across the plot, their values to the left of it. */
export function leftAxis(plot: Plot, scale: Scale, format: (value: number) => string): Html {
  return html`${scale.ticks.map((tick) => {
    const y = at(scale.place(tick));
    return html`<path class="grid" d="M${plot.left} ${y}H${plot.right}"/><text class="tick" x="${plot.left - 6}" y="${y + 4}" text-anchor="end">${format(tick)}</text>`;
  })}`;
}

/** The line at the bottom, values below it, and what they are at the right end. */
export function bottomAxis(
  plot: Plot,
  scale: Scale,
  format: (value: number) => string,
  unit: string | null,
): Html {
  const ticks = scale.ticks.map((tick) => {
    const x = at(scale.place(tick));
    return html`<path class="axis" d="M${x} ${plot.bottom}v4"/><text class="tick" x="${x}" y="${plot.bottom + 17}" text-anchor="middle">${format(tick)}</text>`;
  });
  const label =
    unit === null
      ? null
      : html`<text class="unit" x="${plot.right}" y="${plot.bottom + 33}" text-anchor="end">${unit}</text>`;
  return html`<path class="axis" d="M${plot.left} ${plot.bottom}H${plot.right}"/>${ticks}${label}`;
}

/** What the values of the left axis are, above it. */
export function topLabel(plot: Plot, text: string): Html {
  return html`<text class="unit" x="4" y="${plot.top - 16}">${text}</text>`;
}
