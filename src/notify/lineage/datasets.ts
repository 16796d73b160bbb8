import { resolve } from 'node:path';
import type { Plan } from '../../core/plan.ts';
import type { Column, NamedTable } from '../../core/table.ts';
import { maskUrl } from '../../core/text/secrets.ts';
import { partColumns } from '../../jobs/publish/part-columns.ts';
import type { RunRecord } from '../../runs/record/run-record.ts';
import { type Facet, facet } from './facets.ts';

/** A dataset as OpenLineage has it: a namespace and a name, and facets that say more. */
export interface Dataset {
  readonly namespace: string;
  readonly name: string;
  readonly facets?: Readonly<Record<string, Facet>>;
  readonly inputFacets?: Readonly<Record<string, Facet>>;
  readonly outputFacets?: Readonly<Record<string, Facet>>;
}

/** What a run reads: its input, the tables beside it, and the model. */
export function inputDatasets(plan: Plan): readonly Dataset[] {
  const { input, features, model } = plan;
  const folder = plan.workingFolder ?? '/';
  const named = (path: string): Dataset => nameOf(path, folder);
  const sources = input.paths.map(named);
  const tables = [...(features.select?.tables ?? []), ...(input.grid?.tables ?? [])].flatMap(pathsOf);
  const [only, ...others] = sources;
  return distinct([
    ...(only !== undefined && others.length === 0 ? [{ ...only, ...inputFacets(plan) }] : sources),
    ...tables.map(named),
    { ...named(model.path), facets: { version: facet.version(model.sha256) } },
  ]);
}

/** Of a grid the file of a dimension is not the table that is scored. */
function inputFacets({ input }: Plan): Pick<Dataset, 'facets' | 'inputFacets'> {
  if (input.grid !== null) return {};
  const size = input.sources.reduce((sum, { bytes }) => sum + bytes, 0);
  return {
    facets: { schema: schemaOf([...input.columns, ...input.hiveColumns]) },
    inputFacets: {
      inputStatistics: facet.inputStatistics({ rowCount: input.rows, size, fileCount: input.sources.length }),
    },
  };
}

/** What a run writes: its parts, or the one file, and the store where it is published there. */
export function outputDatasets(
  plan: Plan,
  { folderOfJob, record }: { readonly folderOfJob: string; readonly record: RunRecord | null },
): readonly Dataset[] {
  const version = facet.version(plan.runId);
  const folder = plan.workingFolder ?? '/';
  const isFile = record !== null && /\.\w+$/.test(record.output.path);
  const parts: Dataset = {
    ...nameOf(isFile ? record.output.path : folderOfJob, folder),
    facets: { schema: schemaOf(partColumns(plan)), version },
    ...(record === null
      ? {}
      : { outputFacets: { outputStatistics: facet.outputStatistics(partsOf(record)) } }),
  };
  if (record?.kv == null || record.status !== 'published') return [parts];
  const { url, values, bytes } = record.kv;
  const store: Dataset = {
    ...storeName(url, plan.job, folder),
    facets: { version },
    outputFacets: { outputStatistics: facet.outputStatistics({ rowCount: values, size: bytes }) },
  };
  return distinct([parts, store]);
}

function partsOf({ rowsOut, output }: RunRecord) {
  return { rowCount: rowsOut, size: output.bytes, fileCount: output.parts.length };
}

function storeName(url: string, job: string, folder: string): Dataset {
  const path = /^lmdb:(.+)$/.exec(url)?.[1];
  if (path !== undefined) return nameOf(path, folder);
  const { protocol, host } = new URL(url);
  return { namespace: `${protocol}//${host}`, name: job };
}

/** As OpenLineage names files and objects: of a pattern, the folder that it looks in. */
function nameOf(path: string, folder: string): Dataset {
  const url = /^([a-z][a-z0-9+.-]*:\/\/[^/]+)\/?([^?#]*)/i.exec(maskUrl(path));
  if (url !== null) return { namespace: url[1] ?? '', name: withoutPattern(url[2] ?? '') || '/' };
  return { namespace: 'file', name: resolve(folder, withoutPattern(path)) };
}

function withoutPattern(path: string): string {
  return path.replace(/(^|\/)[^/]*[*?[{].*$/s, '');
}

function pathsOf({ paths, sources }: NamedTable): readonly string[] {
  return paths ?? sources.map(({ path }) => path);
}

function schemaOf(columns: readonly Column[]): Facet {
  return facet.schema(columns.map(({ name, type }) => ({ name, type })));
}

/** The first of each name: a table may be the input, too. */
function distinct(datasets: readonly Dataset[]): readonly Dataset[] {
  const seen = new Map<string, Dataset>();
  for (const each of datasets) {
    const key = `${each.namespace}\n${each.name}`;
    if (!seen.has(key)) seen.set(key, each);
  }
  return [...seen.values()];
}
