import type { Clock } from '../../core/effects.ts';
import type { Tokens } from '../http/tokens.ts';

const NAME = 'serve_batch_session';
const HOURS = 12;

/**
 * Lets browsers in that have shown a token once. The cookie is no token: it is a time, and a seal on it that only
 * the token makes. So nothing is kept here, each server that knows the token takes it, and it ends with its token.
 */
export class Sessions {
  readonly #tokens: Tokens;
  readonly #clock: Clock;

  constructor(tokens: Tokens, clock: Clock) {
    this.#tokens = tokens;
    this.#clock = clock;
  }

  /** A header Set-Cookie; null where the token is not let in. */
  begin(token: string, { isSecure }: { readonly isSecure: boolean }): string | null {
    const until = String(Math.floor(this.#clock.now().getTime() / 1000) + HOURS * 3600);
    const seal = this.#tokens.seal(token, textOf(until));
    return seal === null ? null : cookie(`${until}.${seal}`, HOURS * 3600, isSecure);
  }

  /** A header Set-Cookie. */
  end({ isSecure }: { readonly isSecure: boolean }): string {
    return cookie('', 0, isSecure);
  }

  /** @param header Cookie */
  allows(header: string | undefined): boolean {
    const [, until, seal] =
      new RegExp(`(?:^|;\\s*)${NAME}=(\\d{1,12})\\.([\\w-]{43})(?:;|$)`).exec(header ?? '') ?? [];
    if (until === undefined || seal === undefined) return false;
    return Number(until) * 1000 > this.#clock.now().getTime() && this.#tokens.isSealed(textOf(until), seal);
  }
}

function textOf(until: string): string {
  return `serve-batch page until ${until}`;
}

function cookie(value: string, seconds: number, isSecure: boolean): string {
  return `${NAME}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`;
}
