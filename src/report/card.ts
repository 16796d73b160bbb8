import { type Html, type HtmlPart, html } from './html.ts';

/** One section of the page. A wide one takes the whole width. */
export function card(title: string, content: HtmlPart, options: { readonly isWide?: boolean } = {}): Html {
  return html`<section class="card${options.isWide === true ? ' wide' : ''}"><h2>${title}</h2>${content}</section>`;
}

/** A sentence below a heading. */
export function lead(text: HtmlPart): Html {
  return html`<p class="lead">${text}</p>`;
}

/** What is missing from a report says so. */
export function missing(why: string): Html {
  return html`<p class="missing">${why}</p>`;
}
