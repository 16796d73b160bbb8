import type { FeaturesPlan } from '../core/plan.ts';
import type { NamedTable, ResolvedInput, SourceFile } from '../core/table.ts';
import type { PlanRequest } from '../planning/plan-run.ts';
import type { RunPaths } from '../runs/layout.ts';
import type { Confinement } from '../source/duckdb/database.ts';
import { isStorageAddress } from '../storage/storage-address.ts';

/** What a database may touch that runs the SQL of a job. Null: whatever the user of this process may. */
export type Reach = Confinement | null;

/** While a plan is made: the files that the job names, and the folder of the run. */
export function reachOfRequest(
  { spec, source, tables, taken }: Pick<PlanRequest, 'spec' | 'source' | 'tables' | 'taken'>,
  paths: Pick<RunPaths, 'folder'>,
): Reach {
  if (spec.features.externalAccess) return null;
  const own = taken === null ? [] : filesOfInput(taken);
  return {
    folders: [paths.folder],
    files: localOnes([...pathsOf(source.sources), ...own, ...filesOfTables(tables)]),
  };
}

/** The same for a run that has its plan. */
export function reachOfPlan(
  { input, features }: { readonly input: ResolvedInput; readonly features: FeaturesPlan },
  paths: Pick<RunPaths, 'folder'>,
): Reach {
  if (features.externalAccess === true) return null;
  const tables = [...(features.select?.tables ?? []), ...(input.grid?.tables ?? [])];
  return { folders: [paths.folder], files: localOnes([...filesOfInput(input), ...filesOfTables(tables)]) };
}

/** Whether a database that is confined to `reach` can do what one with `wanted` could, and nothing beyond the job. */
export function covers(reach: Reach, wanted: Reach): boolean {
  if (reach === null || wanted === null) return reach === wanted;
  const files = new Set(reach.files);
  const isInside = (path: string): boolean =>
    files.has(path) || reach.folders.some((folder) => path.startsWith(`${folder}/`));
  return wanted.folders.every((folder) => reach.folders.includes(folder)) && wanted.files.every(isInside);
}

function filesOfInput({ sources, files, grid, places }: ResolvedInput): string[] {
  const dimensions = grid?.dimensions ?? [];
  const values = dimensions.flatMap(({ source }) => (source.kind === 'file' ? source.paths : []));
  return [
    ...pathsOf(sources),
    ...files.map(({ path }) => path),
    ...values,
    ...(places === null ? [] : [places]),
  ];
}

function filesOfTables(tables: readonly NamedTable[]): string[] {
  return tables.flatMap(({ sources }) => pathsOf(sources));
}

/** Copies of objects lie in the temporary folder of the database, which it may always read. */
function localOnes(paths: readonly string[]): readonly string[] {
  return paths.filter((path) => !isStorageAddress(path));
}

function pathsOf(sources: readonly SourceFile[]): string[] {
  return sources.flatMap(({ path, alsoAt = [] }) => [path, ...alsoAt]);
}
