import { boundColumns, type IntervalsPlan, withoutBounds } from '../../core/accuracy.ts';
import { engineText } from '../../core/engine.ts';
import { describeTensor } from '../../core/model.ts';
import type { BatchSize, DraftOnEngine } from '../../core/plan.ts';
import { badCellsText } from '../../core/text/bad-cells-text.ts';
import type { PlannedJob } from '../../jobs/plan/plan-only.ts';
import { isCommitted } from '../../runs/list/run-status.ts';
import type { RunSummary } from '../../runs/list/run-summary.ts';
import { sameFileNotes } from '../../source/files/one-of-each.ts';
import { formatCount, formatNumber, formatPairs } from './format.ts';
import { estimateText } from './render-estimate.ts';
import { describeWindow, inputText, lateRowsPairs } from './render-record.ts';
import { shortPath, shortUrl } from './short-path.ts';

export interface PlanToShow {
  readonly plan: PlannedJob;
  /** `features.select` as the job file has it: that of the plan is rewritten. */
  readonly select: string | null;
  /** The run that the command would continue or find done; undefined: it would make a new one. */
  readonly earlier: RunSummary | undefined;
}

/** What a run would do, for people. */
export function renderPlan({ plan, select, earlier }: PlanToShow): string {
  const { input, features, model, output, kv, shards, onInvalid } = plan;
  const rowsOfShard = (shards[0]?.rowEnd ?? 0) - (shards[0]?.rowStart ?? 0);
  const bindings = features.bindings.map(({ input: name, columns }) => {
    const spec = model.signature.inputs.find((each) => each.name === name);
    return [
      'features',
      `${columns.join(', ')} → "${name}" (${spec === undefined ? '' : describeTensor(spec)})`,
    ] as const;
  });
  return (
    `${titleOf(plan.job, earlier)}\n` +
    formatPairs([
      ['input', plannedInput(input)],
      ...sameFileNotes(input.sources).map((text) => ['note', text] as const),
      ...(plan.incremental === null ? [] : [['new data', describeWindow(plan.incremental)] as const]),
      ...lateRowsPairs(plan.incremental),
      ...(input.stagingRejects > 0
        ? [
            [
              'rejects',
              `${formatNumber(input.stagingRejects, 'row')} cannot be ${plan.incremental === null ? '' : 'told old from new, or '}split into columns`,
            ] as const,
          ]
        : []),
      ...(input.format === 'csv' || input.format === 'json'
        ? [['types', input.columns.map(({ name, type }) => `${name} ${type}`).join(', ')] as const]
        : []),
      ...input.badCells.map((cells) => ['bad cells', badCellsText(cells, shortPath)] as const),
      ...(select === null ? [] : [['select', shorten(select)] as const]),
      ['model', shortPath(model.path)],
      ['device', plan.device.name === 'auto' ? 'auto (chosen when the run begins)' : plan.device.name],
      ['engine', engineText(plan.engine)],
      ...bindings,
      ...model.signature.skippedOutputs.map(
        ({ name, reason }) => ['not stored', `output "${name}": it is ${reason}`] as const,
      ),
      ...model.warnings.map((text) => ['warning', text] as const),
      [
        'columns',
        [
          ...output.keptColumns.map(({ name }) => name),
          ...output.predictions.flatMap(({ columns }) => columns),
          ...boundColumns(plan.intervals),
        ].join(', '),
      ],
      ...(plan.intervals === undefined ? [] : [['intervals', intervalsText(plan.intervals)] as const]),
      [
        'store',
        kv === null
          ? 'none'
          : `${shortUrl(kv.url)}, key ${kv.key}${kv.field === null ? '' : `, field ${kv.field}`}, value ${kv.values.join(', ')}${kv.slices === undefined ? '' : ', loaded by key'}`,
      ],
      [
        'shards',
        `${formatCount(shards.length)} of ${formatNumber(rowsOfShard, 'row')}, ${batchText(plan.batchSize)}`,
      ],
      ...(plan.estimate === null ? [] : [['estimate', estimateText(plan.estimate, input.rows)] as const]),
      ['bad rows', onInvalid.action === 'fail' ? 'end the run' : 'are rejected'],
    ])
  );
}

function titleOf(job: string, earlier: RunSummary | undefined): string {
  if (earlier === undefined) return `The job ${job} would do this (nothing is done now):`;
  const { runId, status } = earlier;
  if (status === 'running')
    return `Run ${runId} of ${job} is doing this now, in another process (nothing is done here):`;
  if (status === 'published')
    return `The job ${job} is up to date: run ${runId} is published. --force would do this again:`;
  if (status === 'rolled back')
    return `The job ${job} has nothing to do: run ${runId} was rolled back. --force would do this again:`;
  if (status === 'candidate')
    return `The candidate ${runId} of ${job} has done this already. --force would do this again:`;
  if (isCommitted(status))
    return `The job ${job} would publish run ${runId}, which has done this already (nothing is done now):`;
  return `The job ${job} would continue run ${runId}, which does this (nothing is done now):`;
}

function plannedInput({ paths, grid, format, sources, rows }: DraftOnEngine['input']): string {
  if (grid === null)
    return `${paths.map(shortPath).join(', ')} (${format}, ${formatNumber(sources.length, 'file')}, ${formatNumber(rows, 'row')})`;
  const dimensions = grid.dimensions.map(({ name, size }) => ({ name, values: size }));
  const filter = grid.filter === null ? '' : ' meet the filter';
  return `${inputText({ paths, grid: dimensions })} (${formatNumber(rows, 'row')}${filter})`;
}

function batchText(batchSize: BatchSize): string {
  return batchSize === 'auto'
    ? 'batch size auto (measured when the run begins)'
    : `${formatNumber(batchSize, 'row')} a batch`;
}

/** Its beginning says which one it is. */
function shorten(sql: string): string {
  const line = sql.trim().replace(/\s+/g, ' ');
  return line.length > 100 ? `${line.slice(0, 100)}…` : line;
}

function intervalsText(intervals: IntervalsPlan): string {
  const { groups, runs, why } = intervals;
  if (why !== null) return `${withoutBounds(intervals)}: ${why}`;
  return `${formatNumber(groups.length, 'group')} of bounds, from the errors of ${formatNumber(runs.length, 'run')}`;
}
