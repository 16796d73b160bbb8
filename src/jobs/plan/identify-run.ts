import { createHash } from 'node:crypto';
import type { BoundJob } from '../../config/job-spec.ts';
import type { InputSpec } from '../../config/sections/input.ts';
import { specSha256 } from '../../config/spec-hash.ts';
import { ServeBatchError } from '../../core/errors.ts';
import type { RunIdentity } from '../../core/plan.ts';
import type { InputFingerprint, InputFormat, NamedTable } from '../../core/table.ts';
import { hashModel } from '../../inference/hash-model.ts';
import { versions } from '../../runs/record/versions.ts';
import { findArrivedFiles, findFiles } from '../../source/files/find-files.ts';
import { fingerprintInput } from '../../source/files/fingerprint.ts';
import { inField } from '../../source/files/in-field.ts';
import { partitionFolders } from '../../source/formats/partitions.ts';
import { formatOfFiles } from '../../source/formats/table-formats.ts';
import { fingerprintGrid } from '../../source/grid/fingerprint-grid.ts';
import { actualsNow } from '../accuracy/score-when-due.ts';

export interface IdentifiedRun {
  readonly identity: RunIdentity;
  readonly source: InputFingerprint;
  readonly format: InputFormat;
  /** The tables of `features.tables`. */
  readonly tables: readonly NamedTable[];
}

/** Finds the input and the model, and what run they make. Reads no more than the ends of the input's files. */
export async function identifyRun(spec: BoundJob): Promise<IdentifiedRun> {
  const { source, format } = await identifyInput(spec);
  const tables = await findTables(spec);
  const tableSources = await fingerprintInput(tables.flatMap(({ sources }) => sources));
  const actuals = await fingerprintOfActuals(spec);
  const { onnxruntime, duckdb, serveBatch } = versions();
  return {
    source,
    tables,
    format,
    identity: {
      inputFingerprint: source.fingerprint,
      modelSha256: await hashModel(spec.model.path),
      occurrence: spec.occurrence,
      window: null,
      specSha256: specSha256(spec, {
        ...{ onnxruntime, duckdb, serveBatch, tables: tableSources.fingerprint },
        ...(actuals === null ? {} : { actuals }),
      }),
    },
  };
}

async function identifyInput({ name, input }: BoundJob): Promise<Pick<IdentifiedRun, 'source' | 'format'>> {
  if (input.grid !== null) return { source: await fingerprintGrid(input.grid), format: 'grid' };
  if (input.paths.length === 0)
    throw new ServeBatchError(
      'USAGE',
      `The job ${name} names no input. Give --input FILE, or set input in its job file.`,
    );
  if (input.incremental?.kind === 'files') return identifyArrived(input);
  const files = await findFiles(input.paths, input.format);
  const names = files.map(({ path }) => path);
  const format = input.format ?? formatOfFiles(names);
  const source = await fingerprintInput(files);
  const folders =
    format === 'parquet' && input.hivePartitioning !== false ? partitionFolders(names, input.paths) : '';
  return { source: folders === '' ? source : withFolders(source, folders), format };
}

/** The same files make another input where their folders make columns. */
function withFolders(source: InputFingerprint, folders: string): InputFingerprint {
  const hash = createHash('sha256').update(`${source.fingerprint}\n${folders}`);
  return { ...source, fingerprint: hash.digest('hex') };
}

/** Which of the files that have arrived are new is not known yet: only those are looked into, later. */
async function identifyArrived(input: InputSpec): Promise<Pick<IdentifiedRun, 'source' | 'format'>> {
  const sources = await findArrivedFiles(input.paths, input.format);
  // Without a file nothing is read: any format will do.
  const found = sources.length === 0 ? 'csv' : formatOfFiles(sources.map(({ path }) => path));
  return { source: { sources, fingerprint: '' }, format: input.format ?? found };
}

/** Where intervals are made of them; null: they decide nothing. */
async function fingerprintOfActuals({ actuals, intervals }: BoundJob): Promise<string | null> {
  if (actuals === null || intervals === null) return null;
  const tables = (await actualsNow(actuals.source)) ?? [];
  return (await fingerprintInput(tables.flatMap(({ sources }) => sources))).fingerprint;
}

async function findTables(spec: BoundJob): Promise<readonly NamedTable[]> {
  const tables: NamedTable[] = [];
  for (const [name, path] of Object.entries(spec.features.tables)) {
    if (name.toLowerCase() === 'input')
      throw new ServeBatchError(
        'JOB_FILE',
        'features.tables.input: "input" is the input itself. Give the table another name.',
      );
    const sources = await inField(`features.tables.${name}`, () => findFiles([path]));
    tables.push({ name, paths: [path], sources });
  }
  return tables;
}
