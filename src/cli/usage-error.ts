import { CommanderError } from 'commander';
import { EXIT } from '../core/errors.ts';

/** What commander says of a flag without its value names neither the value nor a way out. */
export function explainUsage(text: string): string {
  return text.replace(
    /option '(?:-\w, )?(--[\w-]+)( <[^']+>)' argument missing/,
    'the flag $1 is given without its value; expected $1$2',
  );
}

/** The exit code of an error that commander has already printed; null for any other error. Help is no error. */
export function usageErrorOf(error: unknown): { readonly exitCode: number } | null {
  if (!(error instanceof CommanderError)) return null;
  return { exitCode: error.exitCode === 0 ? EXIT.done : EXIT.usage };
}
