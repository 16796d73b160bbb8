import { ServeBatchError } from '../core/errors.ts';
import { STORE_FORMS, showStoreUrl } from './store-kinds.ts';

/** What is said of an address that names no kind of store. */
export function unknownStore(url: string): ServeBatchError {
  const shown = showStoreUrl(url);
  return new ServeBatchError(
    'USAGE',
    `serve-batch knows no key-value store "${shown}". Give ${STORE_FORMS} (rediss for TLS); none switches the store off.`,
    { fields: { url: shown } },
  );
}
