import { runIdTime } from '../../runs/run-id.ts';

/** What to delete: beyond the newest `keep`, before `olderThan`, or, with both, what is both. */
export interface PruneRule {
  readonly keep?: number;
  readonly olderThan?: Date;
}

export interface PrunableRuns {
  /** Newest first. */
  readonly runIds: readonly string[];
  readonly current: string | undefined;
  /** Runs that stay whatever the rule says. */
  readonly spared: ReadonlySet<string>;
}

/**
 * The runs that a rule deletes, oldest first. A run newer than the published one goes only where its age
 * says so: it may be a run that is to be continued, or published by hand.
 */
export function planPrune({ runIds, current, spared }: PrunableRuns, rule: PruneRule): readonly string[] {
  const isNewer = (runId: string): boolean => current === undefined || runId > current;
  return runIds
    .filter((runId, index) => {
      if (spared.has(runId)) return false;
      if (rule.keep !== undefined && index < rule.keep) return false;
      if (rule.olderThan === undefined) return rule.keep !== undefined && !isNewer(runId);
      return Date.parse(runIdTime(runId) ?? '') < rule.olderThan.getTime();
    })
    .reverse();
}
