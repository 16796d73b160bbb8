import { Cron } from 'croner';
import { expected } from './field-kinds.ts';

export const CRON_EXPECTED = expected(
  'a cron expression of five fields (minute hour day month weekday)',
  '"0 0 * * 6" for every Saturday at midnight',
);

/** What is wrong with a cron expression, as the end of a sentence that says what was expected; null: nothing. */
export function cronProblem(expression: string): string | null {
  if (expression.trim().split(/\s+/).length !== 5) return CRON_EXPECTED;
  try {
    // "0 0 30 2 *" is well formed, and there is no 30 February.
    if (parseCron(expression, 'UTC').nextRun(new Date(0)) !== null) return null;
    return `${CRON_EXPECTED} This one never occurs.`;
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^CronPattern:\s*/, '') : String(error);
    return `${CRON_EXPECTED} (${why.replace(/\.$/, '')}.)`;
  }
}

/** A cron expression of five fields, in a time zone; nothing is started. Throws what croner throws. */
export function parseCron(expression: string, timezone: string): Cron {
  return new Cron(expression, { timezone, mode: '5-part', paused: true });
}
