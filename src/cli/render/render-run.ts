import type { RanJob } from '../../jobs/run-job-options.ts';
import type { RunRecord } from '../../runs/record/run-record.ts';
import { nextCommand, type PlaceWords } from './next-command.ts';
import { renderRecord } from './render-record.ts';

export interface RenderOptions {
  readonly verbose: boolean;
  /** Flags that the next command needs to find the same place. */
  readonly place: PlaceWords;
}

/** What a run did, for people, and what to do next. */
export function renderRun(result: RanJob, options: RenderOptions): string {
  const { record, outcome, publishError, overtakenBy } = result;
  const { runId, job } = record;
  const hint = overtakenBy === null ? '' : overtakenText(runId, overtakenBy);
  switch (outcome) {
    case 'up to date':
      if (record.status === 'candidate')
        return `Up to date: the candidate ${runId} of ${job} scored the same input with the same model and job.\nTo score it again, add --force.\n${candidateText(record)}`;
      if (overtakenBy !== null)
        return `Up to date: run ${runId} of ${job} scored the same input already.\n${hint}`;
      return `Up to date: run ${runId} of ${job} scored the same input with the same model and job, and is ${record.status}.\nTo score it again, add --force.\n`;
    case 'rolled back':
      return `Run ${runId} of ${job} already scored this and was rolled back; it stays unpublished.\nTo publish it: serve-batch publish ${runId}\nTo score it again, add --force.\n`;
    case 'published':
      return `Run ${runId} of ${job} was already scored; ${publishError === null ? 'it is now published' : 'it is not published'}.\n${withNext(record, options)}`;
    case 'computed':
      return withNext(record, options) + (record.status === 'candidate' ? candidateText(record) : hint);
  }
}

/** Why a run is only committed: readers keep what is newer. */
function overtakenText(runId: string, newer: string): string {
  return `It is committed but not published: readers see the newer occurrence ${newer}.\nTo publish it all the same: serve-batch publish ${runId}\n`;
}

/** What can be done with a run that readers do not see. */
function candidateText({ runId }: RunRecord): string {
  return `Readers do not see it. To compare it with what they see: serve-batch compare published ${runId}\nTo publish it: serve-batch publish ${runId}\n`;
}

function withNext(record: RunRecord, { verbose, place }: RenderOptions): string {
  const next = nextCommand(record, place);
  return `${renderRecord(record, { verbose })}${next === null ? '' : `next: ${next}\n`}`;
}
