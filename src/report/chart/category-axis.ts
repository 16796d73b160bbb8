import { type Html, html } from '../html.ts';
import type { Plot } from './axis.ts';
import { at } from './frame.ts';

/** As many fit below a picture, however narrow it is shown. */
const MOST_LABELS = 4;
const LABEL_CHARACTERS = 16;

/** Where the middle of each of some things lies that stand side by side in a plot. */
export function categoryPlace({ left, right }: Plot, count: number): (index: number) => number {
  const width = (right - left) / Math.max(1, count);
  return (index) => left + (index + 0.5) * width;
}

/** The line at the bottom, with the names of some of the things that stand above it, the first and the last included. */
export function categoryAxis(plot: Plot, names: readonly string[], unit: string | null): Html {
  const place = categoryPlace(plot, names.length);
  const labels = spread(names.length).map((index) => {
    const x = place(index);
    const anchor = names.length === 1 || !isEnd(index, names) ? 'middle' : index === 0 ? 'start' : 'end';
    const edge = anchor === 'start' ? plot.left : anchor === 'end' ? plot.right : x;
    return html`<path class="axis" d="M${at(x)} ${plot.bottom}v4"/><text class="tick" x="${at(edge)}" y="${plot.bottom + 17}" text-anchor="${anchor}">${cut(names[index] ?? '')}</text>`;
  });
  const label =
    unit === null
      ? null
      : html`<text class="unit" x="${plot.right}" y="${plot.bottom + 33}" text-anchor="end">${unit}</text>`;
  return html`<path class="axis" d="M${plot.left} ${plot.bottom}H${plot.right}"/>${labels}${label}`;
}

function isEnd(index: number, names: readonly string[]): boolean {
  return index === 0 || index === names.length - 1;
}

/** Indices that are evenly spread, each once. */
function spread(count: number): readonly number[] {
  const labels = Math.min(count, MOST_LABELS);
  return Array.from({ length: labels }, (_, label) =>
    Math.round((label * (count - 1)) / Math.max(1, labels - 1)),
  );
}

function cut(name: string): string {
  const characters = [...name];
  return characters.length > LABEL_CHARACTERS
    ? `${characters.slice(0, LABEL_CHARACTERS - 1).join('')}…`
    : name;
}
