import { maskUrl } from '../../core/secrets.ts';

export const KV_URL_PATTERN = /^(?:none|lmdb:.+|rediss?:\/\/.+)$/;
export const KV_URL_EXPECTED =
  'lmdb:PATH, redis://HOST:PORT, rediss://HOST:PORT or none. Write for example redis://localhost:6379.';

export function isKvUrl(url: string): boolean {
  return KV_URL_PATTERN.test(url);
}

/** A store's address for messages and hashes: without user name and password, also where it is mistyped. */
export function maskKvUrl(url: string): string {
  const masked = maskUrl(url);
  return masked.startsWith('lmdb:') ? masked : masked.replace(/^.*@/, '***@');
}
