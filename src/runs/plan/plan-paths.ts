import { resolve } from 'node:path';
import type { Plan } from '../../core/plan.ts';
import type { NamedTable, SourceFile } from '../../core/table.ts';
import { isStorageAddress } from '../../storage/storage-address.ts';

/**
 * A plan as a process in another working folder reads it: paths that the user gave relative to the folder of
 * the command that planned the run are absolute.
 */
export function withPathsFrom(plan: Plan, workingFolder: string): Plan {
  const { workingFolder: planned, input, model, features } = plan;
  if (planned === undefined || planned === workingFolder) return plan;
  const at = (path: string): string => (isStorageAddress(path) ? path : resolve(planned, path));
  const file = <T extends { readonly path: string }>(each: T): T => ({ ...each, path: at(each.path) });
  const table = (each: NamedTable): NamedTable => ({ ...each, sources: each.sources.map(file<SourceFile>) });
  const { grid, places } = input;
  return {
    ...plan,
    model: file(model),
    features: {
      ...features,
      select: features.select && { ...features.select, tables: features.select.tables.map(table) },
    },
    input: {
      ...input,
      sources: input.sources.map(file<SourceFile>),
      files: input.files.map(file),
      places: places === null ? null : at(places),
      grid: grid && {
        ...grid,
        tables: grid.tables.map(table),
        dimensions: grid.dimensions.map((each) =>
          each.source.kind === 'file'
            ? { ...each, source: { ...each.source, paths: each.source.paths.map(at) } }
            : each,
        ),
      },
    },
  };
}
