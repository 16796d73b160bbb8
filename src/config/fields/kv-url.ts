import { STORE_FORMS, STORE_KINDS, storeKindOf } from '../../kv/store-kinds.ts';

export const KV_URL_PATTERN = new RegExp(`^(?:none|${STORE_KINDS.map(({ pattern }) => pattern).join('|')})$`);
export const KV_URL_EXPECTED = `${STORE_FORMS} or none. Write for example redis://localhost:6379.`;

export function isKvUrl(url: string): boolean {
  return url === 'none' || storeKindOf(url) !== undefined;
}
