import { deletedRowsText, lateRowsText, lateTakenText } from '../../core/incremental.ts';
import { describeTensor } from '../../core/model.ts';
import { formatBytes, formatCount, formatSeconds } from '../../core/text/amounts.ts';
import { badCellsText } from '../../core/text/bad-cells-text.ts';
import type { RunRecord } from '../../runs/record/run-record.ts';
import { card } from '../card.ts';
import type { ReportFacts } from '../facts/report-facts.ts';
import { type Html, html } from '../html.ts';
import { formatInstant, formatShare, plural } from '../numbers.ts';

type DetailsFacts = Pick<ReportFacts, 'summary' | 'plan' | 'folder'>;

type Pair = readonly [name: string, text: string];

/** Everything that is known of the run, for those who have to explain it. */
export function detailsSection(facts: DetailsFacts): Html {
  const pairs = [
    ...runPairs(facts),
    ...planPairs(facts),
    ...(facts.summary.record === undefined ? [] : recordPairs(facts.summary.record)),
  ];
  return card(
    'Details',
    html`<dl class="details">${pairs.map(([name, text]) => html`<div><dt>${name}</dt><dd>${text}</dd></div>`)}</dl>`,
    { isWide: true },
  );
}

function runPairs({ summary, folder }: DetailsFacts): Pair[] {
  return [
    ['job', summary.job],
    ['run', summary.runId],
    ['status', summary.status],
    [
      'occurrence',
      summary.occurrence === null ? 'none: it was not scheduled' : formatInstant(summary.occurrence),
    ],
    ['planned', formatInstant(summary.createdAt)],
    ...(summary.publishedAt === undefined
      ? []
      : [['published', formatInstant(summary.publishedAt)] as const]),
    ['folder', folder],
  ];
}

function planPairs({ plan }: DetailsFacts): Pair[] {
  if (plan === null) return [['plan', 'It is missing or damaged.']];
  const { input, features, kv, output, onInvalid, threads } = plan;
  return [
    ['input', `${input.paths.join(', ')} (${input.format}, ${plural(input.sources.length, 'file')})`],
    ...(features.select === null ? [] : [['features', features.select.sql.slice(0, 2000)] as const]),
    [
      'columns',
      [...output.keptColumns.map(({ name }) => name), ...output.predictions.flatMap(({ columns }) => columns)]
        .join(', ')
        .slice(0, 2000),
    ],
    ['bad rows', onInvalid.action === 'fail' ? 'end the run' : 'are rejected'],
    ['threads of a call', String(threads)],
    ...(kv === null
      ? [['store', 'none'] as const]
      : [['store', `${kv.url}, key ${kv.key}${kv.field === null ? '' : `, field ${kv.field}`}`] as const]),
  ];
}

function recordPairs(record: RunRecord): Pair[] {
  const { shards, model, output, kv, versions, host, coverage } = record;
  const texts = [lateTakenText, lateRowsText, deletedRowsText];
  const late = texts.map((textOf) => textOf(record.incremental));
  return [
    ['started', formatInstant(record.startedAt)],
    ['finished', `${formatInstant(record.finishedAt)}, after ${formatSeconds(record.durationSeconds)}`],
    [
      'rows',
      `${formatCount(record.rowsIn)} in, ${formatCount(record.rowsOut)} out, ${formatCount(record.rejects)} rejected`,
    ],
    ...late.flatMap((text) => (text === null ? [] : [['late rows', text] as const])),
    ...(coverage === undefined
      ? []
      : [
          [
            'coverage',
            `${formatCount(coverage.present)} of ${formatCount(coverage.expected)} (${formatShare(coverage.ratio)})`,
          ] as const,
        ]),
    [
      'shards',
      `${formatCount(shards.total)} (${formatCount(shards.reused)} reused, ${formatCount(shards.retried)} retried)`,
    ],
    ...(record.batchSize === undefined ? [] : [['batch size', plural(record.batchSize, 'row')] as const]),
    ['model', `${model.path} (sha256 ${model.sha256})`],
    ['model inputs', model.inputs.map((each) => `${each.name}: ${describeTensor(each)}`).join(', ')],
    ['model outputs', model.outputs.map((each) => `${each.name}: ${describeTensor(each)}`).join(', ')],
    ...(record.input.badCells ?? []).map((cells) => ['bad cells', badCellsText(cells)] as const),
    ...(model.warnings ?? []).map((text) => ['warning', text] as const),
    ...(record.readiness?.conditions ?? []).map(
      ({ condition, found }) => ['waited for', `${condition} (${found})`] as const,
    ),
    ['fingerprint', record.input.fingerprint],
    ['output', `${output.path} (${plural(output.parts.length, 'part')}, ${formatBytes(output.bytes)})`],
    ...(kv === null
      ? []
      : [
          [
            'store holds',
            `${formatCount(kv.values)} values under ${formatCount(kv.keys)} keys, ${formatBytes(kv.bytes)}`,
          ] as const,
        ]),
    [
      'versions',
      `serve-batch ${versions.serveBatch}, Node ${versions.node}, ONNX Runtime ${versions.onnxruntime}, DuckDB ${versions.duckdb}`,
    ],
    ['machine', `${plural(host.cpus, 'core')}, ${formatBytes(host.memoryBytes)} of memory`],
  ];
}
