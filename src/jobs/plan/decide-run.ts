import { isCommitted } from '../../runs/list/run-status.ts';
import type { RunSummary } from '../../runs/list/run-summary.ts';
import type { RunJobOptions } from '../run-job-options.ts';
import { isWantedBy } from './engine-of-run.ts';

/** What a command has to do, compared with what earlier ones did. */
export type RunDecision =
  /** The run is done already. `overtaken`: it is committed, and readers see a newer occurrence. */
  | { readonly kind: 'nothing'; readonly run: RunSummary; readonly why: 'done' | 'rolled back' | 'overtaken' }
  /** It is committed: its parts are brought to the readers, and nothing is computed. */
  | { readonly kind: 'publish'; readonly run: RunSummary }
  /** It is unfinished, and continued under its own plan. */
  | { readonly kind: 'resume'; readonly run: RunSummary }
  | { readonly kind: 'new' };

export interface RunFacts {
  /** The run that this one would continue or repeat; undefined: none, or somebody asked for a new one. */
  readonly earlier: RunSummary | undefined;
  /** Whether the store and the single file, where there are to be any, show the earlier run. */
  readonly isShown: boolean;
  /** Whether the run may be published: otherwise it is only committed. */
  readonly mayPublish: boolean;
  /** An unfinished run is continued. */
  readonly resume: boolean;
  /** Any committed run of the occurrence settles it, also one that readers no longer see. */
  readonly oncePerOccurrence: boolean;
}

/** Decides what to do. Pure. */
export function decideRun(facts: RunFacts): RunDecision {
  const { earlier: run, isShown, mayPublish, resume, oncePerOccurrence } = facts;
  if (run === undefined) return { kind: 'new' };
  if (run.status === 'rolled back') return { kind: 'nothing', run, why: 'rolled back' };
  if (run.status === 'published' && isShown) return { kind: 'nothing', run, why: 'done' };
  if (run.status === 'candidate' || run.canaryShare !== null) return { kind: 'nothing', run, why: 'done' };
  if (run.status === 'superseded' && oncePerOccurrence) return { kind: 'nothing', run, why: 'done' };
  if (isCommitted(run.status)) {
    if (!mayPublish) return { kind: 'nothing', run, why: 'overtaken' };
    // Where the manifest is damaged, the plan and the shards may still be whole.
    if (run.record !== undefined) return { kind: 'publish', run };
  }
  return run.plan !== undefined && resume ? { kind: 'resume', run } : { kind: 'new' };
}

export type EarlierOf = Pick<RunJobOptions, 'spec' | 'publish'>;

/** Candidates and the runs of the job do not see each other: neither continues or stands for the other. */
export function isEarlier({ spec, publish }: EarlierOf, run: RunSummary): boolean {
  return run.isCandidate === (publish === 'never') && isWantedBy(spec, run);
}
