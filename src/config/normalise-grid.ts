import type { DimensionSpec, GridSpec } from '../source/grid/grid-spec.ts';
import { durationSeconds } from './duration.ts';
import { type GridFile, isSpan } from './grid-schema.ts';
import { resolvePath } from './resolve-path.ts';

/** The long form of `input.grid` and `input.filter`. */
export function normaliseGrid(grid: GridFile, filter: string | null, folder: string): GridSpec {
  return {
    dimensions: Object.entries(grid).map(([name, value]) => normaliseDimension(name, value, folder)),
    filter,
  };
}

function normaliseDimension(name: string, value: GridFile[string], folder: string): DimensionSpec {
  if (typeof value === 'number') return spanOf(name, value);
  if (typeof value === 'string')
    return { kind: 'file', name, path: resolvePath(value, folder), column: null };
  if (Array.isArray(value)) return { kind: 'list', name, values: value };
  if ('file' in value)
    return { kind: 'file', name, path: resolvePath(value.file, folder), column: value.column ?? null };
  if ('values' in value) return { kind: 'list', name, values: value.values };
  const { from, to = null, days = null, hours = null, step } = value;
  return {
    kind: 'range',
    name,
    from,
    to,
    days,
    hours,
    step: step === undefined ? null : (durationSeconds(step) ?? null),
  };
}

/** `days: 7` and `hours: 168` begin with the occurrence, and make the columns `date` and `time`. */
function spanOf(name: string, length: number): DimensionSpec {
  const span = { days: null, hours: null, ...(isSpan(name) ? { [name]: length } : {}) };
  const from = name === 'days' ? '{{ occurrence.date }}' : '{{ occurrence }}';
  return { kind: 'range', name: name === 'days' ? 'date' : 'time', from, to: null, step: null, ...span };
}
