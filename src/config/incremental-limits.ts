import { ServeBatchError } from '../core/errors.ts';
import type { JobSpec } from './job-spec.ts';

/** What a job of an input that grows cannot have, as the end of a sentence that says what was expected. */
export const NO_STORE_EXPECTED =
  'none beside input.incremental: a store holds the predictions of one run, and a run of the new data alone would take all earlier ones away. Remove kv and read the parts of all runs, or remove input.incremental.';
export const NO_SINGLE_FILE_EXPECTED =
  'a folder beside input.incremental: one file holds the predictions of one run, and a run of the new data alone would take all earlier ones away. Write for example out.';
export const NO_STANDARD_INPUT_EXPECTED =
  'a folder or a glob beside input.incremental: files: standard input is no file that could be known again.';

/** Holds a job with its flags to the same. Throws `USAGE`. */
export function assertIncrementalFits({ input, kv, output }: JobSpec): void {
  if (input.incremental === null) return;
  if (kv !== null)
    throw new ServeBatchError('USAGE', `--key (with --kv) is given; expected ${NO_STORE_EXPECTED}`);
  if (output.kind === 'file')
    throw new ServeBatchError('USAGE', `--output is ${output.path}; expected ${NO_SINGLE_FILE_EXPECTED}`);
  if (input.incremental.kind === 'files' && input.paths.includes('-'))
    throw new ServeBatchError('USAGE', `--input is -; expected ${NO_STANDARD_INPUT_EXPECTED}`);
}
