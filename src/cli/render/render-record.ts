import { engineText } from '../../core/engine.ts';
import {
  deletedRowsText,
  type IncrementalPlan,
  lateRowsText,
  lateTakenText,
} from '../../core/incremental.ts';
import { missingData } from '../../core/readiness.ts';
import { formatNumber, formatPercent } from '../../core/text/amounts.ts';
import { badCellsText } from '../../core/text/bad-cells-text.ts';
import type { CoverageRecord, DeviceRecord, RunRecord } from '../../runs/record/run-record.ts';
import { formatBytes, formatCount, formatPairs, formatSeconds, type Pair } from './format.ts';
import { missText } from './render-estimate.ts';
import { gatePairs } from './render-gates.ts';
import { shortPath, shortUrl } from './short-path.ts';

/** Machines that one line names. */
const MACHINES_SHOWN = 5;

/** The record of one run as a table: its few lines, or with `verbose` all that it says. */
export function renderRecord(record: RunRecord, { verbose }: { readonly verbose: boolean }): string {
  const title = `Run ${record.runId} of ${record.job}: ${record.status}\n`;
  return title + formatPairs([...summaryPairs(record), ...(verbose ? detailPairs(record) : [])]);
}

/** What somebody who waited for the run wants to know. */
export function summaryPairs(record: RunRecord): readonly Pair[] {
  const { coverage, shards, output, kv } = record;
  const isOneFile = output.columns !== undefined && !output.path.endsWith(record.runId);
  return [
    [
      'rows',
      `${formatCount(record.rowsIn)} in, ${formatCount(record.rowsOut)} out, ${formatCount(record.rejects)} rejected`,
    ],
    ...lateRowsPairs(record.incremental),
    ['time', timeText(record)],
    ...(coverage === undefined ? [] : [['coverage', coverageText(coverage)] as const]),
    ...(record.readiness?.isReady === false
      ? [['not ready', `it ran without ${missingData(record.readiness)}`] as const]
      : []),
    ...gatePairs(record),
    ...(shards.reused + shards.retried > 0 ? [['shards', shardsText(record)] as const] : []),
    ...(record.machines === undefined ? [] : [['machines', machinesText(record.machines)] as const]),
    ['output', `${shortPath(output.path)}${isOneFile ? '' : partsText(output)}`],
    ...(isOneFile ? [['columns', (output.columns ?? []).join(', ')] as const] : []),
    ...(kv === null
      ? []
      : [
          [
            'store',
            `${shortUrl(kv.url)} (${formatNumber(kv.values, 'value')} under ${formatNumber(kv.keys, 'key')}${kv.extends === undefined ? '' : `, with those of run ${kv.extends} and before`})`,
          ] as const,
        ]),
    ...(record.input.badCells ?? []).map((cells) => ['bad cells', badCellsText(cells, shortPath)] as const),
    ...(record.model.warnings ?? []).map((text) => ['warning', text] as const),
    ...(record.error === undefined ? [] : [['error', record.error.message] as const]),
  ];
}

/** Rows that came late: those that the run takes, and those that no run takes. */
export function lateRowsPairs(window: IncrementalPlan | null | undefined): readonly Pair[] {
  const texts = [lateTakenText(window), lateRowsText(window), deletedRowsText(window)];
  return texts.flatMap((text) => (text === null ? [] : [['late rows', text] as const]));
}

/** The rest, for those who look closer. */
export function detailPairs(record: RunRecord): readonly Pair[] {
  const { shards, stages, batchLatencyMs: latency, kv, device, incremental } = record;
  const batch = record.batchSize === undefined ? '' : `${formatNumber(record.batchSize, 'row')}: `;
  return [
    ...(shards.reused + shards.retried > 0 ? [] : [['shards', shardsText(record)] as const]),
    ...(record.readiness?.conditions ?? []).map(
      ({ condition, found }) => ['waited for', `${condition} (${found})`] as const,
    ),
    [
      'work',
      Object.entries(stages)
        .map(([stage, seconds]) => `${stage} ${formatSeconds(seconds)}`)
        .join(', '),
    ],
    [
      'batches',
      `${batch}p50 ${latency.p50} ms, p95 ${latency.p95} ms, p99 ${latency.p99} ms, longest ${latency.max} ms`,
    ],
    ...(device === undefined ? [] : [['device', deviceText(device)] as const]),
    ...(record.engine === undefined
      ? []
      : [['engine', `${engineText(record.engine)}${wayText(shards)}`] as const]),
    ...(record.estimate === undefined ? [] : [['estimate', missText(record.estimate)] as const]),
    ['memory', `${formatBytes(record.peakMemoryBytes)} in the largest process`],
    ['model', `${shortPath(record.model.path)} (sha256 ${record.model.sha256.slice(0, 12)})`],
    ['input', inputText(record.input)],
    ...(incremental === undefined ? [] : [['new data', describeWindow(incremental)] as const]),
    ...(kv === null ? [['store', 'none'] as const] : []),
  ];
}

/** Without a rate if all shards were complete already, and nothing was scored. */
function timeText({ durationSeconds, throughputRowsPerSecond: rate }: RunRecord): string {
  return `${formatSeconds(durationSeconds)}${rate === 0 ? '' : `, ${formatCount(rate)} rows/s`}`;
}

function coverageText({ ratio, present, expected }: CoverageRecord): string {
  return `${formatPercent(ratio)}: ${formatCount(present)} of ${formatCount(expected)} rows of the grid`;
}

function partsText({ parts, bytes }: RunRecord['output']): string {
  return ` (${formatNumber(parts.length, 'part')}, ${formatBytes(bytes)})`;
}

/** How rows came to the model. */
function wayText({ total, inStatement }: RunRecord['shards']): string {
  if (inStatement === undefined) return '';
  if (inStatement === 0) return ', in batches';
  const which =
    inStatement === total ? 'each shard' : `${formatCount(inStatement)} of ${formatNumber(total, 'shard')}`;
  return `, ${which} in one statement`;
}

function shardsText({ shards }: RunRecord): string {
  return `${formatCount(shards.total)} (${formatCount(shards.reused)} reused, ${formatCount(shards.retried)} retried)`;
}

function machinesText(machines: NonNullable<RunRecord['machines']>): string {
  const shown = machines.slice(0, MACHINES_SHOWN).map(({ host, shards, waitSeconds }) => {
    const wait = waitSeconds > 0 ? `, which waited ${formatSeconds(waitSeconds)} each` : '';
    return `${host} (${formatNumber(shards, 'shard')}${wait})`;
  });
  const more = machines.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? ` and ${formatCount(more)} more` : ''}`;
}

/** Files; or a grid by its dimensions: `100 store x 1,000 product x 7 date`. */
export function inputText({ paths, grid }: Pick<RunRecord['input'], 'paths' | 'grid'>): string {
  if (grid === undefined) return paths.map(shortPath).join(', ');
  return `grid of ${grid.map(({ name, values }) => `${formatCount(values)} ${name}`).join(' x ')}`;
}

/** What of an input that grows a run takes. */
export function describeWindow(window: IncrementalPlan): string {
  const whole = window.full ? 'everything: ' : '';
  if (window.kind === 'files')
    return `${whole}${formatNumber(window.files, 'file')}${window.after === null ? '' : `, after run ${window.after}`}`;
  if (window.from === window.to) return `nothing above ${window.to}; only rows that came late`;
  return `${whole}${window.column} ${window.from === null ? '' : `above ${window.from}, `}up to ${window.to}`;
}

/** One line: where it was computed, and what `auto` passed over. */
function deviceText({ name, adapter, cpuNodes, passedOver }: DeviceRecord): string {
  const left = cpuNodes ? `, ${formatNumber(cpuNodes, 'node')} left to the CPU` : '';
  const byReason = new Map<string, string[]>();
  for (const { device, why } of passedOver) {
    // The whole name of the library stands in the record.
    const reason = why.replace(/^the library \S+ is /, '');
    byReason.set(reason, [...(byReason.get(reason) ?? []), device]);
  }
  const others = [...byReason].map(([reason, devices]) => `${devices.join(', ')}: ${reason}`).join('; ');
  return `${name}${adapter === null ? '' : `, ${adapter}`}${left}${others === '' ? '' : ` (not ${others})`}`;
}
