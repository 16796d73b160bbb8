import { card } from '../../report/card.ts';
import { type Html, html } from '../../report/html.ts';
import type { PublicError } from '../http/public-error.ts';

/** What went wrong, for people. */
export function faultPage({ status, body }: PublicError): Html {
  const title = status === 404 ? 'There is nothing here' : status === 503 ? 'Not now' : 'That did not work';
  return html`<h1>${title}</h1>${card(`${status} ${body.error.code}`, html`<p>${body.error.message}</p><p><a href="/">All jobs</a></p>`)}`;
}
