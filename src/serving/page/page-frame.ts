import { createHash } from 'node:crypto';
import { type Html, type HtmlPart, html } from '../../report/html.ts';
import { formatInstant } from '../../report/numbers.ts';
import { PAGE_STYLE } from '../../report/page-style.ts';
import { ownVersion } from '../../runs/record/versions.ts';
import { FRAME_STYLE } from './frame-style.ts';
import { LIVE_SCRIPT, LIVE_SCRIPT_ELEMENT } from './live-script.ts';

export interface FrameOptions {
  readonly title: string;
  readonly content: HtmlPart;
  readonly now: Date;
  /** The address of the page, where the bar at the top names it. */
  readonly address?: string;
  /** Whether there is something to sign out of. */
  readonly isSignedIn?: boolean;
  /** Whether the page follows something that goes on. */
  readonly isLive?: boolean;
}

/** How often a page that goes on is loaded again where there are no scripts. */
const RELOAD_SECONDS = 5;

const PAGES: readonly (readonly [address: string, name: string])[] = [
  ['/', 'Jobs'],
  ['/docs', 'API'],
];

/** What all pages have in common. Nothing is asked for from anywhere else, and scripts are wanted nowhere. */
export function pageFrame(options: FrameOptions): string {
  const { title, content, now, address, isSignedIn = false, isLive = false } = options;
  return `<!doctype html>\n${
    html`<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title} · serve-batch</title><link rel="icon" href="data:,"><style>${FRAME_STYLE}</style>${
      isLive ? html`<noscript><meta http-equiv="refresh" content="${RELOAD_SECONDS}"></noscript>` : null
    }</head>
<body><a class="skip" href="#main">Skip to the content</a>
<header class="bar"><div><nav aria-label="Pages">${PAGES.map(([to, name]) => pageLink(to, name, to === address))}</nav>${
      isSignedIn
        ? html`<form method="post" action="/sign-out"><button class="plain">Sign out</button></form>`
        : null
    }</div></header>
<main id="main" tabindex="-1">${content}
<footer>Read ${formatInstant(now.toISOString())} by serve-batch ${ownVersion()}.</footer></main>${
      isLive ? LIVE_SCRIPT_ELEMENT : null
    }</body></html>`.text
  }\n`;
}

function pageLink(address: string, name: string, isHere: boolean): Html {
  return html`<a href="${address}"${isHere ? html` aria-current="page"` : null}>${name}</a>`;
}

/** Where a page stands: links to what it is a part of. */
export function pathHtml(links: readonly (readonly [address: string, name: string])[], here: string): Html {
  return html`<nav aria-label="Where this page stands" class="path">${links.map(
    ([address, name]) => html`<a href="${address}">${name}</a> › `,
  )}<span aria-current="page">${here}</span></nav>`;
}

/**
 * What a browser lets the pages do: their own style and script, whose hashes it compares, requests and forms to
 * this server, and nothing else.
 */
export const PAGE_POLICY = [
  "default-src 'none'",
  `style-src ${hashOf(FRAME_STYLE)}`,
  `script-src ${hashOf(LIVE_SCRIPT)}`,
  "connect-src 'self'",
  "form-action 'self'",
  'img-src data:',
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Of the report, which has the style of its own. */
export const REPORT_POLICY = `default-src 'none'; style-src ${hashOf(PAGE_STYLE)}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

function hashOf({ text }: Html): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
