import { z } from 'zod';
import { choice, expected, pattern, section, texts } from './field-kinds.ts';

/** What an alert can be about: a run that failed for good, one that is late, one that is not whole. */
export const ALERT_EVENTS = ['failed', 'late', 'partial'] as const;

const URL_PATTERN = /^https?:\/\/\S+$/i;
const WEBHOOK = expected('an http or https URL', 'https://hooks.example.org/serve-batch');
const EVENTS = expected('a list of failed, late and partial', '[failed, late]');
const COMMAND = expected('a list: a program and its arguments', '[./alert.sh, team-forecast]');

const webUrl = (error: string) =>
  pattern(URL_PATTERN, error).refine((value) => URL.canParse(value), { error });

/** The field `notify` of a job file. */
export const notify = section({
  on: z
    .array(choice(ALERT_EVENTS), { error: EVENTS })
    .min(1, { error: EVENTS })
    .exactOptional()
    .describe('Which alerts are sent: failed, late, partial. Default: all three.'),
  webhook: webUrl(WEBHOOK).exactOptional().describe('The URL that gets each alert, as a POST of JSON.'),
  command: texts(COMMAND)
    .exactOptional()
    .describe('The program that gets each alert as JSON on its standard input, and its arguments.'),
})
  .refine(({ webhook, command }) => webhook !== undefined || command !== undefined, {
    error: expected(
      'a map with webhook, command or both',
      'notify: {webhook: "https://hooks.example.org/serve-batch"}',
    ),
  })
  .describe('Who is told when a run fails, is late or is not whole.');

const HEARTBEAT = expected('an http or https URL', 'https://hc.example.org/ping/weekly');

/** The field `heartbeat` of a job file. */
export const heartbeat = webUrl(HEARTBEAT).describe(
  'A URL that is fetched after each success, for a service that notices when it stops.',
);
