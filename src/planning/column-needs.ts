import type { JobSpec } from '../config/job-spec.ts';
import { keptColumns } from '../config/sections/output.ts';
import type { ElementType, ModelSignature } from '../core/model.ts';
import type { ColumnNeeds } from '../source/csv/staged-columns.ts';

/** What a job needs of a CSV's columns besides their values; known before the file is read. */
export function columnNeeds(
  spec: Pick<JobSpec, 'kv' | 'output' | 'features'>,
  signature: ModelSignature | null,
): ColumnNeeds {
  return {
    keys: specKeyColumns(spec),
    kept: keptColumns(spec.output, spec.kv),
    texts: columnsOf(spec, signature, (type) => type === 'string'),
    integers: columnsOf(spec, signature, (type) => /^u?int/.test(type)),
  };
}

export function specKeyColumns({ kv }: Pick<JobSpec, 'kv'>): readonly string[] {
  if (kv === null) return [];
  return [...new Set([...kv.key.columns, ...(kv.field?.columns ?? [])])];
}

/** Columns of the input that model inputs of some types take as they are. */
function columnsOf(
  { features }: Pick<JobSpec, 'features'>,
  signature: ModelSignature | null,
  isMeant: (type: ElementType) => boolean,
): readonly string[] {
  if (signature === null || features.select !== null) return [];
  const { inputs, featureNames } = signature;
  const only = inputs.length === 1;
  return inputs
    .filter(({ elementType }) => isMeant(elementType))
    .flatMap(({ name }) => {
      const { columns } = features;
      if (columns === null) return [name, ...(only ? (featureNames ?? []) : [])];
      if (isList(columns)) return only ? columns : [];
      return columns[name] ?? [name];
    });
}

function isList(columns: NonNullable<JobSpec['features']['columns']>): columns is readonly string[] {
  return Array.isArray(columns);
}
