import { engineText } from '../../core/engine.ts';
import type { NamedTable } from '../../core/table.ts';
import { exactText } from '../../lookup/exact-value.ts';
import type { TracedRow } from '../../shard/trace/trace-row.ts';
import { placeText } from '../../source/row-place.ts';
import type { PreviousPrediction, TracedPrediction } from '../trace-prediction.ts';
import {
  formatBytes,
  formatCount,
  formatNumber,
  formatPairs,
  formatTable,
  type Pair,
  shortTime,
} from './format.ts';
import { shortPath } from './short-path.ts';

/** What a prediction comes from, for people. */
export function renderWhy(traced: TracedPrediction): string {
  const { row, value } = traced;
  return `${exactText(value)}\n${formatPairs([...runPairs(traced), ...inputPairs(traced)])}\n${featuresText(row)}${explainedText(row)}`;
}

/** The same as JSON. */
export function whyJson(traced: TracedPrediction): unknown {
  const { job, key, value, generation, publishedAt, plan, row, previous } = traced;
  const { features } = row;
  return {
    ...{ job, key, value, generation, previous },
    run: plan.runId,
    createdAt: plan.createdAt,
    publishedAt,
    model: { path: plan.model.path, sha256: plan.model.sha256 },
    engine: plan.engine,
    device: plan.device.name,
    versions: plan.versions ?? null,
    shard: row.shard,
    part: row.part,
    input: { ...row.input, format: plan.input.format, fingerprint: plan.input.fingerprint },
    kept: row.kept,
    features: features.values,
    featuresMissing: features.values === null ? features.why : null,
    ...(row.explained === null
      ? {}
      : {
          explanation: row.explained.explanation,
          explanationMissing: row.explained.explanation === null ? row.explained.why : null,
        }),
    tables: tablesOf(traced).map(({ name, sources }) => ({
      name,
      files: sources.map(({ path, bytes, modifiedMs }) => ({ path, bytes, modifiedAt: timeOf(modifiedMs) })),
    })),
  };
}

function runPairs({ key, generation, plan, publishedAt, previous }: TracedPrediction): readonly Pair[] {
  const published = publishedAt === null ? '' : `, published ${shortTime(publishedAt)}`;
  const { model, engine, device, versions } = plan;
  return [
    ['key', columnsText(key)],
    ['previous', previousText(previous)],
    ['run', `${plan.runId} of ${plan.job}, planned ${shortTime(plan.createdAt)}${published}`],
    ['generation', generation],
    ['model', `${shortPath(model.path)} (sha256 ${model.sha256})`],
    ['engine', `${engineText(engine)}, on ${device.name}`],
    ...(versions === undefined
      ? []
      : [
          [
            'versions',
            `serve-batch ${versions.serveBatch}, onnxruntime ${versions.onnxruntime}, duckdb ${versions.duckdb}`,
          ] as const,
        ]),
  ];
}

function inputPairs(traced: TracedPrediction): readonly Pair[] {
  const { plan, row } = traced;
  return [
    ['part', `${row.part.file}, row ${formatCount(row.part.row)} (shard ${row.shard})`],
    ['input', inputText(row)],
    ['kept', columnsText(row.kept)],
    ['fingerprint', plan.input.fingerprint],
    ...tablesOf(traced).flatMap(({ name, sources }) =>
      sources.map(
        ({ path, bytes, modifiedMs }) =>
          [`table ${name}`, `${shortPath(path)} (${formatBytes(bytes)}, of ${timeOf(modifiedMs)})`] as const,
      ),
    ),
  ];
}

function inputText({ input }: TracedRow): string {
  if (input === null) return 'not known';
  if (input.place === null) return `row ${formatCount(input.row)} of the grid`;
  return placeText({ ...input.place, file: shortPath(input.place.file) });
}

function previousText(previous: PreviousPrediction | null): string {
  if (previous === null) return 'none: no other run was published before';
  const { run, value, why } = previous;
  return value === undefined ? `not known from run ${run}: ${why}` : `${exactText(value)} (run ${run})`;
}

function featuresText({ features }: TracedRow): string {
  if (features.values === null) return `The values that the model saw cannot be shown: ${features.why}.\n`;
  return formatTable(
    ['FEATURE', 'TYPE', 'VALUE'],
    features.values.map(({ column, type, value }) => [column, type, value ?? 'null']),
  );
}

function explainedText({ explained }: TracedRow): string {
  if (explained === null) return '';
  if (explained.explanation === null) return `\nThe prediction cannot be explained: ${explained.why}.\n`;
  const { others, isOutput, targets } = explained.explanation;
  const score = isOutput
    ? 'the prediction'
    : "the score, which the model's last steps make the prediction of";
  return `\nWhat each feature contributes to ${score}, compared with ${formatNumber(others, 'row')} of the run:\n${targets.map((target) => targetText(target, targets.length)).join('\n')}`;
}

type ExplainedTarget = NonNullable<NonNullable<TracedRow['explained']>['explanation']>['targets'][number];

function targetText({ target, expected, score, contributions }: ExplainedTarget, targets: number): string {
  const title = targets === 1 ? '' : `${target}\n`;
  const rows = contributions.map(({ columns, contribution }) => [
    columns.join(' and '),
    contribution < 0 ? amountText(contribution) : `+${amountText(contribution)}`,
  ]);
  return `${title}${formatTable(
    ['FEATURE', 'CONTRIBUTION'],
    [['(mean of those rows)', amountText(expected)], ...rows, ['(this row)', amountText(score)]],
  )}`;
}

function amountText(value: number): string {
  return String(Number(value.toPrecision(6)));
}

function tablesOf({ plan }: TracedPrediction): readonly NamedTable[] {
  return [...(plan.features.select?.tables ?? []), ...(plan.input.grid?.tables ?? [])];
}

function columnsText(columns: Readonly<Record<string, string | null>>): string {
  return Object.entries(columns)
    .map(([name, value]) => `${name}=${value ?? 'null'}`)
    .join(' ');
}

function timeOf(modifiedMs: number): string {
  return new Date(modifiedMs).toISOString();
}
