import { z } from 'zod';
import { choice, expected, section, texts } from '../fields/field-kinds.ts';
import { resolvePath } from '../fields/resolve-path.ts';
import { webUrl } from '../fields/web-url.ts';

/** What an alert can be about: a run that failed for good, one that is late, one that is not whole, a long pause, a store that lost what was published, forecasts that have become bad. */
const ALERT_EVENTS = ['failed', 'late', 'partial', 'paused', 'lost', 'accuracy'] as const;

export type AlertEvent = (typeof ALERT_EVENTS)[number];

/** Who is told what. At least one of webhook and command is there. */
export interface NotifySpec {
  readonly on: readonly AlertEvent[];
  /** May hold a secret: mask before showing. */
  readonly webhook: string | null;
  readonly command: readonly string[] | null;
}

const WEBHOOK = expected('an http or https URL', 'https://hooks.example.org/serve-batch');
const EVENTS = expected(`a list of ${ALERT_EVENTS.join(', ')}`, '[failed, late]');
const COMMAND = expected('a list: a program and its arguments', '[./alert.sh, team-forecast]');

/** The field `notify` of a job file. */
export const notify = section({
  on: z
    .array(choice(ALERT_EVENTS), { error: EVENTS })
    .min(1, { error: EVENTS })
    .exactOptional()
    .describe(`Which alerts are sent: ${ALERT_EVENTS.join(', ')}. Default: all of them.`),
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
  .describe('Whom to notify when a run fails, is late or is incomplete.');

const HEARTBEAT = expected('an http or https URL', 'https://hc.example.org/ping/weekly');

/** The field `heartbeat` of a job file. */
export const heartbeat = webUrl(HEARTBEAT).describe(
  'A URL to fetch after each success, for a service that notices when the calls stop.',
);

/** The long form of `notify`; null where nobody is told. A program that is no mere name is a path. */
export function normaliseNotify(
  written: z.output<typeof notify> | undefined,
  folder: string,
): NotifySpec | null {
  if (written === undefined) return null;
  const { on = ALERT_EVENTS, webhook = null, command } = written;
  const [program = '', ...args] = command ?? [];
  const path = program.includes('/') ? resolvePath(program, folder) : program;
  return { on, webhook, command: command === undefined ? null : [path, ...args] };
}
