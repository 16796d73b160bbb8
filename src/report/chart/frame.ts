import { type Html, type HtmlPart, html } from '../html.ts';

/**
 * Pictures are drawn 480 units wide and shown as wide as there is room, at most at 1.25 times that: so
 * text stays readable on a telephone.
 */
export const WIDTH = 480;

/** What a picture says to those who do not see it. */
export interface Caption {
  /** Unique in the page; letters, digits and `-`. */
  readonly id: string;
  readonly title: string;
  /** One or two sentences: what is shown, and what it comes to. */
  readonly description: string;
}

/** An SVG with its title and description. Colours come from the classes of the page's style. */
export function picture(caption: Caption, height: number, content: HtmlPart): Html {
  const { id, title, description } = caption;
  return html`<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="${id}-title ${id}-desc" class="chart"><title id="${id}-title">${title}</title><desc id="${id}-desc">${description}</desc>${content}</svg>`;
}

/** Numbers in a picture: tenths of a unit are enough, and keep the page small. */
export function at(value: number): number {
  return Math.round(value * 10) / 10 + 0;
}
