import { ServeBatchError, systemErrorCode } from '../core/errors.ts';

/** What is said where the package of a store is not installed; any other error as it is. */
export function missingPackage(name: string, error: unknown): unknown {
  if (!/^(ERR_)?MODULE_NOT_FOUND$/.test(systemErrorCode(error) ?? '')) return error;
  return new ServeBatchError(
    'USAGE',
    `This store needs the package ${name}, which is not installed. Install it with "npm install ${name}".`,
    { cause: error },
  );
}
