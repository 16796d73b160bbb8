import { dirname } from 'node:path';
import type { LineageSpec } from '../../config/sections/lineage.ts';
import type { Clock } from '../../core/effects.ts';
import { appendToFile, makeFolder } from '../../core/files/durable-file.ts';
import type { Plan } from '../../core/plan.ts';
import type { ReportedEnd } from '../../jobs/run-reporter.ts';
import { sendRequest, shownUrl } from '../webhook.ts';
import { type RunEventOptions, runEvent } from './run-event.ts';

/** Does one of the sends, and tells of its failure. */
export type Attempt = (what: string, send: () => Promise<void>) => Promise<void>;

export interface LineageOptions extends Pick<RunEventOptions, 'job' | 'folderOfJob'> {
  readonly spec: LineageSpec;
  readonly clock: Clock;
  /** Takes passwords out of what is sent. */
  readonly mask: (text: string) => string;
  readonly timeoutMs: number;
  readonly pausesMs: readonly number[];
}

/** Sends OpenLineage events of runs, one after the other, so that none arrives before the one that it follows. */
export interface Lineage {
  /** Does not wait: a receiver that hangs keeps no run from beginning. */
  began(plan: Plan, attempt: Attempt): void;
  ended(plan: Plan, end: ReportedEnd, attempt: Attempt): Promise<void>;
}

export function createLineage(options: LineageOptions): Lineage {
  const { spec, job, folderOfJob, clock, mask } = options;
  let last: Promise<void> = Promise.resolve();
  const tell = (plan: Plan, end: ReportedEnd | null, attempt: Attempt): Promise<void> => {
    const now = clock.now();
    const { namespace } = spec;
    last = last.then(() =>
      attempt('an event of OpenLineage could not be made', async () => {
        const event = runEvent({ plan, job, namespace, folderOfJob, now, end });
        if (event !== null) await sendTo(options, mask(JSON.stringify(event)), event.eventType, attempt);
      }),
    );
    return last;
  };
  return {
    began: (plan, attempt) => void tell(plan, null, attempt),
    ended: (plan, end, attempt) => tell(plan, end, attempt),
  };
}

async function sendTo(
  { spec: { url, apiKey, file }, timeoutMs, pausesMs }: LineageOptions,
  body: string,
  eventType: string,
  attempt: Attempt,
): Promise<void> {
  const request = { method: 'POST', body, timeoutMs, pausesMs } as const;
  const token = apiKey === null ? {} : { token: apiKey };
  await Promise.all([
    url !== null &&
      attempt(`the ${eventType} event of OpenLineage did not reach ${shownUrl(url)}`, () =>
        sendRequest({ ...request, url, ...token }),
      ),
    file !== null &&
      attempt(`the ${eventType} event of OpenLineage was not written to ${file}`, async () => {
        await makeFolder(dirname(file));
        appendToFile(file, `${body}\n`);
      }),
  ]);
}
