import { z } from 'zod';
import type { GateReference, GateSpec } from '../../core/gates.ts';
import { expected, flag, section, text, texts, wholeNumber } from '../fields/field-kinds.ts';
import type { MapText } from '../fields/map-text.ts';
import { resolvePath } from '../fields/resolve-path.ts';
import { parseShare, share } from '../fields/share.ts';

const COLUMNS = expected('a column, or a list of columns', '[store, region]');
const NUMBER = expected('a number', '0');

const columns = () => z.union([text(COLUMNS), texts(COLUMNS)], { error: COLUMNS });
const number = () => z.number({ error: NUMBER });
const by = () =>
  columns()
    .exactOptional()
    .describe('Columns of the parts that form segments; each segment is checked on its own.');
const against = () =>
  text(expected('last, weekday, or the path of a table', 'last'))
    .exactOptional()
    .describe(
      'What the run is compared with: last (the published run), weekday (the last published run of the same weekday) or a table. Default: last.',
    );

const rows = section({
  change: share('5%', { most: Number.POSITIVE_INFINITY }).describe(
    'The share by which the number of rows may differ, for the run and for each segment. A segment that disappears fails.',
  ),
  by: by(),
  against: against(),
}).describe('The number of rows.');

const values = section({
  column: columns()
    .exactOptional()
    .describe('Numeric columns of the parts. Default: all predictions that are numbers.'),
  min: number().exactOptional().describe('The smallest allowed value.'),
  max: number().exactOptional().describe('The largest allowed value.'),
  nulls: share('0.1%')
    .exactOptional()
    .describe('The share of values that may be null, NaN or infinite. Default: 0.'),
  constant: flag()
    .exactOptional()
    .describe('Whether all values of the run, or of a segment, may be the same. Default: false.'),
  by: by(),
}).describe('Limits for each value.');

const drift = section({
  column: columns()
    .exactOptional()
    .describe('Predictions, features or kept columns. Default: all predictions and features.'),
  psi: share('0.2', { most: Number.POSITIVE_INFINITY })
    .exactOptional()
    .describe('The largest allowed population stability index.'),
  ks: share('0.1')
    .exactOptional()
    .describe('The largest allowed distance between the two cumulative distributions.'),
  mean: share('20%', { most: Number.POSITIVE_INFINITY })
    .exactOptional()
    .describe('The share by which the mean may differ.'),
  quantiles: share('20%', { most: Number.POSITIVE_INFINITY })
    .exactOptional()
    .describe(
      'How far the 10%, 50% and 90% quantiles may move, as a share of the distance between the outer two.',
    ),
  categories: z
    .literal('same', { error: 'same.' })
    .exactOptional()
    .describe(
      'same: a category that appears or disappears fails. Categories are texts, and numbers with at most 20 different values.',
    ),
  by: by(),
  against: against(),
})
  .refine(
    ({ psi, ks, mean, quantiles, categories }) =>
      [psi, ks, mean, quantiles, categories].some((each) => each !== undefined),
    { error: 'a map with at least one of psi, ks, mean, quantiles, categories.' },
  )
  .describe('How much distributions may change.');

const changed = section({
  column: columns()
    .exactOptional()
    .describe('Numeric predictions or features. Default: all predictions that are numbers.'),
  key: columns()
    .exactOptional()
    .describe(
      'The columns that identify what is compared; the values of all rows of a key are averaged. Default: those of kv.key.',
    ),
  by: share('50%', { most: Number.POSITIVE_INFINITY }).describe(
    'A value has changed if it differs by more than this share of the larger of the two.',
  ),
  most: share('10%').exactOptional().describe('The largest share of keys that may have changed.'),
  least: share('10%')
    .exactOptional()
    .describe('The smallest share of keys that must have changed: if fewer did, the data is stale.'),
  against: against(),
})
  .refine(({ most, least }) => most !== undefined || least !== undefined, {
    error: 'a map with most, least or both.',
  })
  .describe('How many keys may, or must, have changed values.');

const accuracy = section({
  runs: wholeNumber(1, expected('a whole number of runs, at least 1', '4'))
    .exactOptional()
    .describe('How many of the newest scored runs to check, together. Default: 4.'),
  wape: share('25%', { most: Number.POSITIVE_INFINITY })
    .exactOptional()
    .describe('The largest allowed WAPE: the sum of the errors divided by the sum of the actuals.'),
  bias: share('10%', { most: Number.POSITIVE_INFINITY })
    .exactOptional()
    .describe('How far predictions may be too high or too low, as a share of the actuals.'),
  naive: share('10%', { most: Number.POSITIVE_INFINITY })
    .exactOptional()
    .describe('The share by which errors may exceed those of the naive forecast. 0%: not at all.'),
})
  .refine(({ wape, bias, naive }) => [wape, bias, naive].some((each) => each !== undefined), {
    error: 'a map with at least one of wape, bias, naive.',
  })
  .describe('How good earlier runs were; needs actuals.');

const GATE = `a map with one of rows, values, drift, changed, sql, model and accuracy. Write for example {rows: {change: 5%, by: store}}.`;

/** One of `publish.gates` of a job file. */
export const gate = section({
  name: text(expected('a name', 'stores')).exactOptional().describe('What messages call the gate.'),
  rows: rows.exactOptional(),
  values: values.exactOptional(),
  drift: drift.exactOptional(),
  changed: changed.exactOptional(),
  sql: text(expected('a DuckDB SELECT', 'SELECT * FROM run WHERE sales > 500'))
    .exactOptional()
    .describe('A SELECT that returns wrong rows, or one BOOLEAN that must be true.'),
  model: z
    .literal('same', { error: 'same.' })
    .exactOptional()
    .describe('same: the model must be the one that made the published run.'),
  accuracy: accuracy.exactOptional(),
}).refine(({ name: _, ...kinds }) => Object.keys(kinds).length === 1, { error: GATE });

type WrittenGate = z.output<typeof gate>;

/** The long form. */
export function normaliseGate(written: WrittenGate, folder: string): GateSpec {
  const name = written.name ?? defaultName(written);
  if (written.sql !== undefined) return { kind: 'sql', name, select: written.sql };
  if (written.rows !== undefined) {
    const { change, ...rest } = written.rows;
    return { kind: 'rows', name, change: parseShare(change) ?? 0, ...comparing(rest, folder) };
  }
  if (written.values !== undefined) {
    const { column, min = null, max = null, nulls, constant = false, by: segments } = written.values;
    const shares = { nulls: parseShare(nulls) ?? 0, constant };
    return { kind: 'values', name, columns: listOf(column), min, max, ...shares, by: listOf(segments) ?? [] };
  }
  if (written.drift !== undefined) {
    const { column, psi, ks, mean, quantiles, categories, ...rest } = written.drift;
    const limits = { psi: limit(psi), ks: limit(ks), mean: limit(mean), quantiles: limit(quantiles) };
    const same = { categories: categories === 'same' };
    return { kind: 'drift', name, columns: listOf(column), ...limits, ...same, ...comparing(rest, folder) };
  }
  if (written.changed !== undefined) {
    const { column, key, by: share, most, least, against: with_ } = written.changed;
    const limits = { by: limit(share) ?? 0, most: limit(most), least: limit(least) };
    const about = { columns: listOf(column), key: listOf(key) };
    return { kind: 'changed', name, ...about, ...limits, against: referenceOf(with_, folder) };
  }
  if (written.accuracy !== undefined) {
    const { runs = 4, wape, bias, naive } = written.accuracy;
    return { kind: 'accuracy', name, runs, wape: limit(wape), bias: limit(bias), naive: limit(naive) };
  }
  return { kind: 'model', name, against: { kind: 'last' } };
}

/** `drift of price, discount`. */
function defaultName(written: WrittenGate): string {
  for (const kind of ['rows', 'values', 'drift', 'changed'] as const) {
    const fields: { readonly column?: string | readonly string[]; readonly by?: unknown } | undefined =
      written[kind];
    if (fields === undefined) continue;
    const about = listOf(fields.column);
    const segments = kind === 'changed' ? null : listOf(fields.by as string | readonly string[] | undefined);
    return `${kind}${about === null ? '' : ` of ${about.join(', ')}`}${segments === null ? '' : ` by ${segments.join(', ')}`}`;
  }
  if (written.accuracy !== undefined) return 'accuracy';
  return written.sql === undefined ? 'model' : 'sql';
}

function comparing(
  { by: segments, against: with_ }: { readonly by?: string | readonly string[]; readonly against?: string },
  folder: string,
): { readonly by: readonly string[]; readonly against: GateReference } {
  return { by: listOf(segments) ?? [], against: referenceOf(with_, folder) };
}

function referenceOf(written: string | undefined, folder: string): GateReference {
  if (written === undefined || written === 'last') return { kind: 'last' };
  return written === 'weekday' ? { kind: 'weekday' } : { kind: 'file', path: resolvePath(written, folder) };
}

function listOf(written: string | readonly string[] | undefined): readonly string[] | null {
  if (written === undefined) return null;
  return typeof written === 'string' ? [written] : written;
}

function limit(written: string | number | undefined): number | null {
  return parseShare(written) ?? null;
}

/** The gate with every text replaced that may hold a template. */
export function mapGate(each: GateSpec, map: MapText, where: string): GateSpec {
  if (each.kind === 'sql') return { ...each, select: map(each.select, `${where}.sql`) };
  if (!('against' in each) || each.against.kind !== 'file') return each;
  const path = map(each.against.path, `${where}.${each.kind}.against`);
  return { ...each, against: { kind: 'file', path } };
}
