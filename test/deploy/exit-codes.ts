import { EXIT } from '../../src/core/errors.ts';

/** Exit codes after which no further attempt helps: somebody has to change something. */
export const FINAL_EXIT_CODES: readonly number[] = [
  EXIT.usage,
  EXIT.inputOrModel,
  EXIT.notFound,
  EXIT.overLimit,
];
/** Exit codes that the same command may mend a little later. */
export const PASSING_EXIT_CODES: readonly number[] = [EXIT.unexpected, EXIT.locked, EXIT.storeUnavailable];
