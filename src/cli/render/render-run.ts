import { relative } from 'node:path';
import type { JobSpec } from '../../config/job-spec.ts';
import { formatPercent } from '../../core/amounts.ts';
import { engineText } from '../../core/engine.ts';
import type { IncrementalPlan } from '../../core/incremental.ts';
import type { RanJob } from '../../jobs/run-job-options.ts';
import type { DeviceRecord, RunRecord } from '../../runs/record/run-record.ts';
import { formatBytes, formatCount, formatPairs, formatSeconds } from './format.ts';

/** What a run did, for people. */
export function renderRun(result: RanJob, spec: Pick<JobSpec, 'name'>): string {
  const { record, outcome, overtakenBy } = result;
  const hint = overtakenBy === null ? '' : overtakenText(record, overtakenBy);
  switch (outcome) {
    case 'up to date':
      if (overtakenBy !== null) return `Run ${record.runId} of ${spec.name} has done this already.\n${hint}`;
      return `Run ${record.runId} of ${spec.name} has done this already, and is published: same input, model and job.\nUse --force to run it anew.\n`;
    case 'rolled back':
      return `Run ${record.runId} of ${spec.name} has done this already, and was rolled back: it stays so.\nPublish it again with: serve-batch publish ${record.runId}\nor run it anew with --force.\n`;
    case 'published':
      return `Run ${record.runId} of ${spec.name} had done this already; ${result.publishError === null ? 'it is published now' : 'it is not published'}.\n${renderRecord(record)}`;
    case 'computed':
      return renderRecord(record) + hint;
  }
}

/** Why a run is only committed: readers keep what is newer. */
function overtakenText({ runId }: RunRecord, newer: string): string {
  return `It is committed, but not published: readers see the newer occurrence ${newer}.\nPublish it all the same with: serve-batch publish ${runId}\n`;
}

/** The record of one run as a table. */
export function renderRecord(record: RunRecord): string {
  const { shards, stages, batchLatencyMs: latency, kv, output, coverage } = record;
  const title = `Run ${record.runId} of ${record.job}: ${record.status}\n`;
  return (
    title +
    formatPairs([
      [
        'rows',
        `${formatCount(record.rowsIn)} in, ${formatCount(record.rowsOut)} out, ${formatCount(record.rejects)} rejected`,
      ],
      [
        'time',
        `${formatSeconds(record.durationSeconds)}, ${formatCount(record.throughputRowsPerSecond)} rows/s`,
      ],
      ...(coverage === undefined
        ? []
        : [
            [
              'coverage',
              `${formatPercent(coverage.ratio)}: ${formatCount(coverage.present)} of ${formatCount(coverage.expected)} rows of the grid`,
            ] as const,
          ]),
      ['shards', `${shards.total} (${shards.reused} reused, ${shards.retried} retried)`],
      [
        'work',
        Object.entries(stages)
          .map(([stage, seconds]) => `${stage} ${formatSeconds(seconds)}`)
          .join(', '),
      ],
      [
        'batches',
        `${record.batchSize === undefined ? '' : `${formatCount(record.batchSize)} rows: `}p50 ${latency.p50} ms, p95 ${latency.p95} ms, p99 ${latency.p99} ms, longest ${latency.max} ms`,
      ],
      ...(record.device === undefined ? [] : [['device', deviceText(record.device)] as const]),
      ...(record.engine === undefined ? [] : [['engine', engineText(record.engine)] as const]),
      ['memory', `${formatBytes(record.peakMemoryBytes)} in the largest process`],
      ['model', `${shortPath(record.model.path)} (sha256 ${record.model.sha256.slice(0, 12)})`],
      ...(record.model.warnings ?? []).map((text) => ['warning', text] as const),
      ['input', inputText(record.input)],
      ...(record.incremental === undefined
        ? []
        : [['new data', describeWindow(record.incremental)] as const]),
      [
        'output',
        `${shortPath(output.path)} (${output.parts.length} ${output.parts.length === 1 ? 'part' : 'parts'}, ${formatBytes(output.bytes)})`,
      ],
      [
        'store',
        kv === null
          ? 'none'
          : `${shortUrl(kv.url)} (${formatCount(kv.values)} values under ${formatCount(kv.keys)} keys)`,
      ],
      ...(record.error === undefined ? [] : [['error', record.error.message] as const]),
    ])
  );
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
    return `${whole}${formatCount(window.files)} ${window.files === 1 ? 'file' : 'files'}${window.after === null ? '' : `, after run ${window.after}`}`;
  return `${whole}${window.column} ${window.from === null ? '' : `above ${window.from}, `}up to ${window.to}`;
}

/** One line: where it was computed, and what `auto` passed over. */
function deviceText({ name, adapter, cpuNodes, passedOver }: DeviceRecord): string {
  const left = cpuNodes
    ? `, ${formatCount(cpuNodes)} ${cpuNodes === 1 ? 'node' : 'nodes'} left to the CPU`
    : '';
  const byReason = new Map<string, string[]>();
  for (const { device, why } of passedOver) {
    // The whole name of the library stands in the record.
    const reason = why.replace(/^the library \S+ is /, '');
    byReason.set(reason, [...(byReason.get(reason) ?? []), device]);
  }
  const others = [...byReason].map(([reason, devices]) => `${devices.join(', ')}: ${reason}`).join('; ');
  return `${name}${adapter === null ? '' : `, ${adapter}`}${left}${others === '' ? '' : ` (not ${others})`}`;
}

/** Relative to the working folder where that is shorter. */
export function shortPath(path: string): string {
  const short = relative('', path);
  return short !== '' && short.length < path.length ? short : path;
}

/** A store's address, that of a file relative as {@link shortPath} does it. */
export function shortUrl(url: string): string {
  return url.startsWith('lmdb:') ? `lmdb:${shortPath(url.slice('lmdb:'.length))}` : url;
}
