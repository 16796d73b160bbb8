import { maskUrl } from '../../core/text/secrets.ts';
import type { StoreKind } from '../store-kind.ts';

/** `redis://[user:password@]host[:port][/db]`; `+cluster` and `+sentinel` for several hosts; `rediss` means TLS. */
export const REDIS_KIND = {
  name: 'redis',
  pattern: 'rediss?(?:\\+(?:cluster|sentinel))?:\\/\\/.+',
  forms: [
    'redis://HOST:PORT',
    'rediss://HOST:PORT',
    'redis+cluster://HOST:PORT',
    'redis+sentinel://HOST:PORT/NAME',
  ],
  resolve: (url) => url,
  show: showUrl,
} as const satisfies StoreKind;

/**
 * A URL as it may be shown, even one that is mistyped: of a password that holds a bare `/` or `#`, or
 * behind a scheme without its colon, `maskUrl` would leave a part.
 */
export function showUrl(text: string): string {
  const masked = maskUrl(text);
  return masked.includes('@') ? `***@${masked.slice(masked.lastIndexOf('@') + 1)}` : masked;
}
