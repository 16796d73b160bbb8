import { describeTensor } from '../core/model.ts';
import type { BatchSize, DraftPlan } from '../core/plan.ts';
import { formatCount, formatPairs } from './format.ts';
import { shortPath, shortUrl } from './render-run.ts';

/** What a run would do, for people. */
export function renderPlan(plan: DraftPlan): string {
  const { input, features, model, output, kv, shards, onInvalid } = plan;
  const rowsOfShard = (shards[0]?.rowEnd ?? 0) - (shards[0]?.rowStart ?? 0);
  const title = `The job ${plan.job} would do this (nothing was done):\n`;
  const bindings = features.bindings.map(({ input: name, columns }) => {
    const spec = model.signature.inputs.find((each) => each.name === name);
    return [
      'features',
      `${columns.join(', ')} → "${name}" (${spec === undefined ? '' : describeTensor(spec)})`,
    ] as const;
  });
  return (
    title +
    formatPairs([
      [
        'input',
        `${input.paths.map(shortPath).join(', ')} (${input.format}, ${input.sources.length} ${input.sources.length === 1 ? 'file' : 'files'}, ${formatCount(input.rows)} rows)`,
      ],
      ...(input.stagingRejects > 0
        ? [['rejects', `${formatCount(input.stagingRejects)} rows cannot be split into columns`] as const]
        : []),
      ...(features.select === null ? [] : [['select', shorten(features.select.sql)] as const]),
      ['model', shortPath(model.path)],
      ['device', plan.device.name === 'auto' ? 'auto (chosen when the run begins)' : plan.device.name],
      ...bindings,
      ...model.signature.skippedOutputs.map(
        ({ name, reason }) => ['left out', `output "${name}": it is ${reason}`] as const,
      ),
      [
        'columns',
        [
          ...output.keptColumns.map(({ name }) => name),
          ...output.predictions.flatMap(({ columns }) => columns),
        ].join(', '),
      ],
      [
        'store',
        kv === null
          ? 'none'
          : `${shortUrl(kv.url)}, key ${kv.key}${kv.field === null ? '' : `, field ${kv.field}`}, value ${kv.values.join(', ')}`,
      ],
      ['shards', `${shards.length} of ${formatCount(rowsOfShard)} rows, ${batchText(plan.batchSize)}`],
      ['bad rows', onInvalid.action === 'fail' ? 'end the run' : 'are rejected'],
    ])
  );
}

function batchText(batchSize: BatchSize): string {
  return batchSize === 'auto'
    ? 'batch size auto (measured when the run begins)'
    : `${formatCount(batchSize)} rows a batch`;
}

/** The rewritten SELECT is for --json; here its beginning says which one it is. */
function shorten(sql: string): string {
  const line = sql.replace(/\s+/g, ' ');
  return line.length > 100 ? `${line.slice(0, 100)}…` : line;
}
