import { ONNX_RUNTIME } from '../core/engine.ts';
import { CPU } from '../core/machine/device.ts';

/** A field that came later, and what files without it mean. Fields within fields are joined by dots. */
type AddedField = readonly [field: string, value: unknown];

/**
 * What plans and records of earlier versions do not say yet: all of it stands here, and schemas know the newest
 * shape only. Both have `formatVersion: 1`; a change that cannot be told as a field that was added needs a new
 * number, and its step here.
 */
const IDENTITY: readonly AddedField[] = [
  ['identity.occurrence', null],
  ['identity.window', null],
];

const PLAN: readonly AddedField[] = [
  ...IDENTITY,
  // All inputs were tables, of which a run took all rows.
  ['input.grid', null],
  ['input.excerpt', null],
  ['input.written', []],
  ['input.badCells', []],
  ['input.places', null],
  ['features.select.passedOn', []],
  ['model.warnings', []],
  ['kv.layout', 'hash'],
  ['kv.duplicates', 'last'],
  ['incremental', null],
  ['device', CPU],
  ['engine', ONNX_RUNTIME],
];

const RECORD: readonly AddedField[] = [...IDENTITY, ['firstRowSeconds', null]];

/** The content of a plan.json of any version, in the shape of this one. Whatever it is: the schema checks it. */
export function upgradePlan(data: unknown): unknown {
  return PLAN.reduce(withField, data);
}

/** As {@link upgradePlan}, for run.json and failure.json. */
export function upgradeRecord(data: unknown): unknown {
  return RECORD.reduce(withField, data);
}

function withField(data: unknown, [field, value]: AddedField): unknown {
  if (typeof data !== 'object' || data === null) return data;
  const [name = '', ...rest] = field.split('.');
  const known: unknown = Reflect.get(data, name);
  if (rest.length > 0)
    return known === undefined ? data : { ...data, [name]: withField(known, [rest.join('.'), value]) };
  return known === undefined ? { ...data, [name]: value } : data;
}
