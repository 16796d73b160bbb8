import { join } from 'node:path';
import type { AlertEvent } from '../config/sections/notify.ts';
import { makeFolder } from '../core/durable-file.ts';
import { occurrenceStamp, occurrencesFolder } from '../runs/layout.ts';
import { createFileExclusively } from '../runs/lock/exclusive-file.ts';

export function alertMarkName(occurrence: Date, event: AlertEvent): string {
  return `${occurrenceStamp(occurrence)}.${event}`;
}

/**
 * Takes it upon this process to send an alert. False where it was sent, or another process does it: of
 * several that look at the same time, one sends.
 */
export async function claimAlert(
  folderOfJob: string,
  occurrence: Date,
  event: AlertEvent,
  now: Date,
): Promise<boolean> {
  const folder = occurrencesFolder(folderOfJob);
  await makeFolder(folder);
  return createFileExclusively(join(folder, alertMarkName(occurrence, event)), `${now.toISOString()}\n`);
}
