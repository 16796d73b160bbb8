import { CommanderError } from 'commander';
import { EXIT } from '../core/errors.ts';

/** The exit code of an error that commander has already printed; null for any other error. Help is no error. */
export function usageErrorOf(error: unknown): { readonly exitCode: number } | null {
  if (!(error instanceof CommanderError)) return null;
  return { exitCode: error.exitCode === 0 ? EXIT.done : EXIT.usage };
}
