import { card } from '../../report/card.ts';
import { type Html, html } from '../../report/html.ts';

/** Where one signs in: with a token, once for some hours. */
export function signInPage({ next, isWrong }: { readonly next: string; readonly isWrong: boolean }): Html {
  return html`<h1>Sign in</h1>${card(
    'This server wants a token',
    html`${
      isWrong
        ? html`<p class="failure" role="alert">This token is not let in. Copy all of it, without spaces.</p>`
        : null
    }<form method="post" action="/sign-in"><input type="hidden" name="next" value="${next}"><div class="fields"><label for="token">Token<input id="token" name="token" type="password" required autocomplete="current-password" autofocus></label><button>Sign in</button></div></form><p class="why">It is one of the lines of the file that was given with --token-file.</p>`,
  )}`;
}
