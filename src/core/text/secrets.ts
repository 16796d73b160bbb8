/**
 * A URL without its user name and password: `redis://cache:6379/2`. Safe to log and to record.
 *
 * All before the last `@` goes: a password that was not percent-encoded may hold `/`, `?` or `#`.
 */
export function maskUrl(url: string): string {
  const scheme = /^[a-z][a-z0-9+.-]*:?\/\//i.exec(url)?.[0];
  if (scheme === undefined) return url;
  const rest = url.slice(scheme.length);
  const shown = rest.slice(rest.lastIndexOf('@') + 1);
  return scheme + shown.replace(/([?&](?:password|user|username|auth|token)=)[^&#]*/gi, '$1***');
}

/** Values that must never be shown; filled while the job is read, asked by everything that prints. */
export class Secrets {
  readonly #values = new Set<string>();

  /** Short values are left alone: replacing every "1" would make messages unreadable and hide nothing. */
  add(value: string): void {
    if (value.length >= 4) this.#values.add(value);
  }

  addAll(others: Secrets): void {
    for (const value of others.#values) this.#values.add(value);
  }

  /** Adds the password of a URL, as it is written and as it is decoded. */
  addUrl(url: string): void {
    const match = /^[a-z][a-z0-9+.-]*:\/\/(.*)@/is.exec(url);
    const password = match?.[1]?.split(':').slice(1).join(':');
    if (!password) return;
    this.add(password);
    try {
      this.add(decodeURIComponent(password));
    } catch {
      // Not percent-encoded: the written form is all there is.
    }
  }

  /** Adds the path and the query of a web address: of webhooks they are mostly what lets one call them. */
  addUrlPath(url: string): void {
    if (!URL.canParse(url)) return;
    const { pathname, search } = new URL(url);
    this.add(pathname);
    this.add(search);
  }

  mask(text: string): string {
    let masked = text;
    for (const value of this.#values) masked = masked.replaceAll(value, '***');
    return masked;
  }
}
