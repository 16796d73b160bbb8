import { lateRowsText } from '../../core/incremental.ts';
import { missingData } from '../../core/readiness.ts';
import { formatBytes, formatCount, formatSeconds } from '../../core/text/amounts.ts';
import type { RunStatus } from '../../runs/list/run-status.ts';
import type { ReportFacts } from '../facts/report-facts.ts';
import { type Html, type HtmlPart, html } from '../html.ts';
import { formatCompact, formatInstant, formatShare } from '../numbers.ts';
import { runStatusMark } from '../status-mark.ts';
import { type Tile, tilesHtml } from '../tiles.ts';

type HeadFacts = Pick<ReportFacts, 'summary' | 'plan' | 'shardsDone'>;

/** What run it is, how it stands, and what it comes to. */
export function headSection(facts: HeadFacts, eyebrow: HtmlPart = 'serve-batch report'): Html {
  const { summary } = facts;
  const failure = summary.failure ?? summary.record?.error;
  const readiness = summary.record?.readiness;
  const late = lateRowsText(summary.record?.incremental);
  return html`<header><p class="eyebrow">${eyebrow}</p><h1>${summary.job} ${runStatusMark(summary.status)}</h1><p class="run">Run <code>${summary.runId}</code>${summary.occurrence === null ? null : html` for the occurrence ${formatInstant(summary.occurrence)}`}, planned at ${formatInstant(summary.createdAt)}. ${SENTENCE_OF_STATUS[summary.status]}</p>${
    failure === undefined
      ? null
      : html`<p class="failure"><strong>${failure.code}</strong> ${failure.message}</p>`
  }${
    readiness === undefined || readiness.isReady
      ? null
      : html`<p class="failure"><strong>NOT_READY</strong> The run began without ${missingData(readiness)}.</p>`
  }${late === null ? null : html`<p class="failure"><strong>LATE ROWS</strong> ${late}.</p>`}</header>${tiles(facts)}`;
}

const SENTENCE_OF_STATUS: Readonly<Record<RunStatus, string>> = {
  published: 'This is what readers see.',
  committed: 'It is complete, and was never published.',
  candidate: 'It is a complete candidate: readers see it once somebody publishes it.',
  superseded: 'It was published, and a later run took its place.',
  'rolled back': 'It was published, and a rollback went back from it.',
  failed: 'It ended with an error; the same command continues it.',
  running: 'It was still running when this report was made.',
  interrupted: 'It was ended before it was done; the same command continues it.',
};

function tiles({ summary, plan, shardsDone }: HeadFacts): Html {
  const { record } = summary;
  const total = plan?.shards.length ?? record?.shards.total ?? 0;
  const shown: readonly Tile[] =
    record === undefined
      ? [
          { name: 'Rows', value: plan === null ? 'unknown' : formatCount(plan.input.rows), note: 'planned' },
          { name: 'Shards', value: formatCount(shardsDone), note: `done of ${formatCount(total)}` },
        ]
      : [
          {
            name: 'Predictions',
            value: formatCount(record.rowsOut),
            note: `of ${formatCount(record.rowsIn)} rows`,
          },
          {
            name: 'Rejects',
            value: formatCount(record.rejects),
            note: record.rowsIn === 0 ? '' : `${formatShare(record.rejects / record.rowsIn)} of the rows`,
            isBad: record.rejects > 0,
          },
          ...(record.coverage === undefined
            ? []
            : [
                {
                  name: 'Coverage',
                  value: formatShare(record.coverage.ratio),
                  note: `asked for: ${formatShare(record.coverage.min)}`,
                  isBad: record.coverage.ratio < record.coverage.min,
                },
              ]),
          { name: 'Throughput', value: formatCompact(record.throughputRowsPerSecond), note: 'rows a second' },
          {
            name: 'Duration',
            value: formatSeconds(record.durationSeconds),
            note: firstRowText(record.firstRowSeconds),
          },
          { name: 'Memory', value: formatBytes(record.peakMemoryBytes), note: 'largest process' },
        ];
  return tilesHtml(shown);
}

function firstRowText(seconds: number | null): string {
  return seconds === null ? '' : `first row: ${formatSeconds(seconds)}`;
}
