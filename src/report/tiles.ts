import { type Html, type HtmlPart, html } from './html.ts';

/** One figure with its name, and a few words about it. */
export interface Tile {
  readonly name: string;
  readonly value: HtmlPart;
  readonly note: HtmlPart;
  readonly isBad?: boolean;
}

export function tilesHtml(tiles: readonly Tile[]): Html {
  return html`<dl class="tiles">${tiles.map(
    ({ name, value, note, isBad }) =>
      html`<div class="tile${isBad === true ? ' bad' : ''}"><dt>${name}</dt><dd><b>${value}</b><span>${note}</span></dd></div>`,
  )}</dl>`;
}
