import { isIPv4 } from 'node:net';

/** Whether only programs of this machine can reach a server that listens there. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

/**
 * The names by which clients may address the server. A page in a browser of this machine can make its own name lead
 * here (DNS rebinding), and would then read what programs of this machine may read: its requests have that name.
 */
export class AllowedHosts {
  readonly #names: ReadonlySet<string>;
  readonly #takesAll: boolean;
  /** The header of the last request that was let in: most are alike. */
  #last: string | undefined;

  /**
   * @param listensOn beyond this machine every name is taken: proxies and clusters choose them
   * @param more names that are taken besides those of this machine
   */
  constructor(listensOn: string, more: readonly string[] = []) {
    this.#takesAll = !isLoopback(listensOn);
    this.#names = new Set(more.map(nameOf));
  }

  /** @param host the header; a client of HTTP/1.0 sends none */
  allows(host: string | undefined): boolean {
    if (this.#takesAll || host === undefined || host === this.#last) return true;
    const name = nameOf(host);
    const isAllowed = isLoopback(name) || name.endsWith('.localhost') || this.#names.has(name);
    if (isAllowed) this.#last = host;
    return isAllowed;
  }
}

/** Without port, brackets and the dot of a full name. */
function nameOf(host: string): string {
  const name = /^\[(.*)\](?::\d*)?$/.exec(host)?.[1] ?? host.replace(/:\d*$/, '');
  return name.toLowerCase().replace(/\.$/, '');
}
