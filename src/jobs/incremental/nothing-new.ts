import type { IncrementalStart } from './incremental-start.ts';

/** An input that grows has not grown: there is no run, and that is no failure. */
export interface NothingNew {
  readonly outcome: 'nothing new';
  readonly job: string;
  /** The run that took last; null: none has. */
  readonly lastRunId: string | null;
  /** The greatest value that was taken; null for files, and where nothing was. */
  readonly watermark: string | null;
  /** One line for people. */
  readonly message: string;
  readonly record: null;
  readonly publishError: null;
}

export function nothingNew(job: string, start: IncrementalStart): NothingNew {
  const { last } = start;
  return {
    outcome: 'nothing new',
    job,
    lastRunId: last?.summary.runId ?? null,
    watermark: last?.incremental.kind === 'column' ? last.incremental.to : null,
    message: `Nothing new for ${job}: ${start.files === null ? aboutRows(start) : aboutFiles(start)}.`,
    record: null,
    publishError: null,
  };
}

function aboutRows({ last, link, spec }: IncrementalStart): string {
  if (last?.incremental.kind !== 'column' || link.full) return 'the input has no rows that can be taken';
  const late =
    spec.kind === 'column' && spec.lateness !== null
      ? `, and none within ${spec.lateness.text} below it has come late`
      : '';
  return `no row has ${last.incremental.column} above ${last.incremental.to}, where run ${last.summary.runId} ended${late}`;
}

function aboutFiles({ files, spec, last }: IncrementalStart): string {
  const { old, settling, fresh } = files ?? { old: [], settling: [], fresh: [] };
  const parts = [
    ...(old.length > 0 ? [`${countFiles(old.length)} taken before`] : []),
    ...(settling.length > 0 ? [`${countFiles(settling.length)} left for later (${settleText(spec)})`] : []),
    ...(fresh.length > 0 ? [`${countFiles(fresh.length)} without a row`] : []),
  ];
  const where = last === null ? '' : `; run ${last.summary.runId} was the last to take some`;
  return `${parts.length === 0 ? 'no file has arrived' : parts.join(', ')}${where}`;
}

function settleText(spec: IncrementalStart['spec']): string {
  const lately = spec.kind === 'files' && spec.settleSeconds > 0;
  return lately ? `without a byte, or changed in the last ${spec.settleSeconds} s` : 'without a byte';
}

function countFiles(count: number): string {
  return `${count} ${count === 1 ? 'file' : 'files'}`;
}
