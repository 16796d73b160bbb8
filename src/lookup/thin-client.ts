// What packages/lookup is bundled from: the same code as `createLookup` of serve-batch, and nothing else of it.

export { ServeBatchError } from '../core/errors.ts';
export { createLookup } from './lookup.ts';
