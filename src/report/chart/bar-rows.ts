import { type Html, html } from '../html.ts';
import { at, type Caption, picture, WIDTH } from './frame.ts';

/** One bar from the left with its name before it and its value behind it. */
export interface BarRow {
  readonly name: string;
  readonly value: number;
  /** As it is shown; short. */
  readonly text: string;
}

const ROW_HEIGHT = 26;
const BAR_HEIGHT = 15;
/**
 * A digit of a wide font, at the size that pictures have on telephones: which font a reader has is not
 * known.
 */
const CHARACTER_WIDTH = 9.6;
/** Names longer than this are cut; the table behind the picture has them whole. */
const NAME_CHARACTERS = 22;

/** Bars one below the other, for amounts with names. `most` is the value of a full bar. */
export function barRows(caption: Caption, rows: readonly BarRow[], most: number): Html {
  const longest = Math.max(...rows.map(({ name }) => Math.min(name.length, NAME_CHARACTERS)));
  const left = 8 + Math.max(40, longest * CHARACTER_WIDTH);
  const textWidth = Math.max(...rows.map(({ text }) => text.length)) * CHARACTER_WIDTH;
  const full = WIDTH - textWidth - 10 - left;
  const drawn = rows.map(({ name, value, text }, index) => {
    const middle = index * ROW_HEIGHT + ROW_HEIGHT / 2;
    const width = most > 0 ? (value / most) * full : 0;
    return html`<text class="label" x="${at(left - 8)}" y="${middle + 4}" text-anchor="end">${cut(name)}</text><rect class="this" x="${at(left)}" y="${middle - BAR_HEIGHT / 2}" width="${at(Math.max(value > 0 ? 1 : 0, width))}" height="${BAR_HEIGHT}" rx="2"><title>${name}: ${text}</title></rect><text class="label" x="${at(left + width + 6)}" y="${middle + 4}">${text}</text>`;
  });
  return picture(caption, rows.length * ROW_HEIGHT + 4, [
    html`<path class="axis" d="M${at(left)} 0V${rows.length * ROW_HEIGHT}"/>`,
    drawn,
  ]);
}

function cut(name: string): string {
  const characters = [...name];
  return characters.length > NAME_CHARACTERS ? `${characters.slice(0, NAME_CHARACTERS - 1).join('')}…` : name;
}
