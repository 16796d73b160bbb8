import { timeZoneOf } from '../../config/bind-job.ts';
import type { GateReference } from '../../core/gates.ts';
import type { Plan } from '../../core/plan.ts';
import { toLocal } from '../../core/zoned-time.ts';
import { listRuns } from '../../runs/list/run-list.ts';
import type { RunSummary } from '../../runs/list/run-summary.ts';
import { readCurrent } from '../../runs/publication.ts';
import type { RunJobOptions } from '../run-job-options.ts';

/** Runs that gates compare with: null where there is none, or no gate asks for it. */
export interface ComparedRuns {
  readonly last: string | null;
  readonly weekday: string | null;
}

/** What readers see now, and what they saw last for the weekday of this run. */
export async function comparedRuns(
  folderOfJob: string,
  plan: Plan,
  { spec, effects }: Pick<RunJobOptions, 'spec' | 'effects'>,
): Promise<ComparedRuns> {
  const asked = (kind: GateReference['kind']): boolean =>
    spec.publish.gates.some((gate) => 'against' in gate && gate.against.kind === kind);
  const published = await readCurrent(folderOfJob);
  const last = published === undefined || published === plan.runId ? null : published;
  if (!asked('weekday')) return { last, weekday: null };
  const runs = await listRuns(folderOfJob, effects.clock);
  const weekday = weekdayOf(plan.identity.occurrence ?? plan.createdAt, timeZoneOf(spec));
  const isWanted = ({ runId, status, occurrence, createdAt }: RunSummary): boolean =>
    runId !== plan.runId &&
    (status === 'published' || status === 'superseded') &&
    weekdayOf(occurrence ?? createdAt, timeZoneOf(spec)) === weekday;
  return { last, weekday: runs.find(isWanted)?.runId ?? null };
}

/** 0 for Sunday, in a time zone. */
function weekdayOf(instant: string, timeZone: string): number {
  return new Date(toLocal(new Date(instant), timeZone)).getUTCDay();
}
