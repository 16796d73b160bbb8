import { join } from 'node:path';
import type { AlertEvent } from '../config/sections/notify.ts';
import type { ErrorCode } from '../core/errors.ts';
import { makeFolder } from '../core/files/durable-file.ts';
import { occurrenceStamp, occurrencesFolder, stampedTime } from '../runs/layout.ts';
import { occurrenceFileNames } from '../runs/occurrence/occurrence-record.ts';
import { createFileExclusively } from '../storage/local/exclusive-file.ts';

/** What alerts were sent: `20261121T000000Z.late`, and of several at once `20261121T000000Z.late-from.20261118T000000Z`. */
export type AlertMarks = ReadonlySet<string>;

/** What was told: an event of an occurrence, or a failure that concerns all of them. */
type Told = AlertEvent | ErrorCode;

function alertMarkName(occurrence: Date, event: Told): string {
  return `${occurrenceStamp(occurrence)}.${event}`;
}

/**
 * Takes it upon this process to send an alert. False where it was sent, or another process does it: of
 * several that look at the same time, one sends.
 */
export async function claimAlert(
  folderOfJob: string,
  occurrence: Date,
  event: Told,
  now: Date,
): Promise<boolean> {
  const marks = new Set(await occurrenceFileNames(folderOfJob, occurrence));
  if (toldOf(marks, event)(occurrence)) return false;
  return createMark(folderOfJob, alertMarkName(occurrence, event), now);
}

/** The same for one alert of several occurrences, oldest first. */
export async function claimAlerts(
  folderOfJob: string,
  occurrences: readonly Date[],
  event: AlertEvent,
  now: Date,
): Promise<boolean> {
  const [oldest] = occurrences;
  const newest = occurrences.at(-1);
  if (oldest === undefined || newest === undefined) return false;
  if (!(await claimAlert(folderOfJob, oldest, event, now))) return false;
  if (oldest < newest)
    await createMark(folderOfJob, `${alertMarkName(newest, event)}-from.${occurrenceStamp(oldest)}`, now);
  return true;
}

async function createMark(folderOfJob: string, name: string, now: Date): Promise<boolean> {
  const folder = occurrencesFolder(folderOfJob);
  await makeFolder(folder);
  return createFileExclusively(join(folder, name), `${now.toISOString()}\n`);
}

/** Which occurrences somebody was told of. Marks name them to the second. */
export function toldOf(marks: AlertMarks, event: Told): (occurrence: Date) => boolean {
  const single = new Set<number>();
  const ranges: { readonly from: number; readonly to: number }[] = [];
  for (const name of marks) {
    const [to = '', kind, from = ''] = name.split('.');
    if (kind === event) single.add(stampedTime(to));
    else if (kind === `${event}-from`) ranges.push({ from: stampedTime(from), to: stampedTime(to) });
  }
  return (occurrence) => {
    const at = Math.floor(occurrence.getTime() / 1000) * 1000;
    return single.has(at) || ranges.some(({ from, to }) => from <= at && at <= to);
  };
}
