import { engineText } from '../../core/engine.ts';
import type { NamedTable } from '../../core/table.ts';
import type { PredictionValue } from '../../lookup/parse-value.ts';
import type { TracedRow } from '../../shard/trace-row.ts';
import { placeText } from '../../source/row-place.ts';
import type { PreviousPrediction, TracedPrediction } from '../trace-prediction.ts';
import { formatBytes, formatCount, formatPairs, formatTable, type Pair, shortTime } from './format.ts';
import { shortPath } from './short-path.ts';

/** What a prediction comes from, for people. */
export function renderWhy(traced: TracedPrediction): string {
  const { row, value } = traced;
  return `${valueText(value)}\n${formatPairs([...runPairs(traced), ...inputPairs(traced)])}\n${featuresText(row)}`;
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
  return value === undefined ? `not known from run ${run}: ${why}` : `${valueText(value)} (run ${run})`;
}

function featuresText({ features }: TracedRow): string {
  if (features.values === null) return `The values that the model saw cannot be shown: ${features.why}.\n`;
  return formatTable(
    ['FEATURE', 'TYPE', 'VALUE'],
    features.values.map(({ column, type, value }) => [column, type, value ?? 'null']),
  );
}

function tablesOf({ plan }: TracedPrediction): readonly NamedTable[] {
  return [...(plan.features.select?.tables ?? []), ...(plan.input.grid?.tables ?? [])];
}

function columnsText(columns: Readonly<Record<string, string | null>>): string {
  return Object.entries(columns)
    .map(([name, value]) => `${name}=${value ?? 'null'}`)
    .join(' ');
}

function valueText(value: PredictionValue): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function timeOf(modifiedMs: number): string {
  return new Date(modifiedMs).toISOString();
}
