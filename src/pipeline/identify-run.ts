import type { JobSpec } from '../config/job-spec.ts';
import { specSha256 } from '../config/spec-hash.ts';
import { ServeBatchError } from '../core/errors.ts';
import type { FeatureTable, RunIdentity } from '../core/plan.ts';
import type { InputFingerprint, SourceFile, TableFormat } from '../core/table.ts';
import { hashModel } from '../inference/hash-model.ts';
import { findArrivedFiles, findFiles } from '../source/find-files.ts';
import { fingerprintInput } from '../source/fingerprint.ts';
import { formatOfFiles } from '../source/table-formats.ts';
import { versions } from './versions.ts';

export interface IdentifiedRun {
  readonly identity: RunIdentity;
  readonly source: InputFingerprint;
  readonly format: TableFormat;
  /** The tables of `features.tables`. */
  readonly tables: readonly FeatureTable[];
}

/** Finds the input and the model, and what run they make. Reads no more than the ends of the input's files. */
export async function identifyRun(spec: JobSpec): Promise<IdentifiedRun> {
  if (spec.input.paths.length === 0)
    throw new ServeBatchError(
      'USAGE',
      `The job ${spec.name} names no input. Give --input FILE, or set input in its job file.`,
    );
  const arriving = spec.input.incremental?.kind === 'files';
  const find = arriving ? findArrivedFiles : findFiles;
  const files = await find(spec.input.paths, spec.input.format);
  // Which of the files that arrive are new is not known yet: only those are looked into, later.
  const source = arriving ? { sources: files, fingerprint: '' } : await fingerprintInput(files);
  const tables = await findTables(spec);
  const tableSources = await fingerprintInput(tables.flatMap(({ sources }) => sources));
  const { onnxruntime, duckdb, serveBatch } = versions();
  return {
    source,
    tables,
    format: formatOf(spec, files),
    identity: {
      inputFingerprint: source.fingerprint,
      modelSha256: await hashModel(spec.model.path),
      occurrence: spec.occurrence,
      window: null,
      specSha256: specSha256(spec, { onnxruntime, duckdb, serveBatch, tables: tableSources.fingerprint }),
    },
  };
}

/** Without a file nothing is read: any format will do. */
function formatOf(spec: JobSpec, files: readonly SourceFile[]): TableFormat {
  if (spec.input.format !== undefined) return spec.input.format;
  return files.length === 0 ? 'csv' : formatOfFiles(files.map(({ path }) => path));
}

async function findTables(spec: JobSpec): Promise<readonly FeatureTable[]> {
  const tables: FeatureTable[] = [];
  for (const [name, path] of Object.entries(spec.features.tables)) {
    if (name.toLowerCase() === 'input')
      throw new ServeBatchError(
        'JOB_FILE',
        'features.tables.input: "input" is the input itself. Give the table another name.',
      );
    tables.push({ name, sources: await findFiles([path]) });
  }
  return tables;
}
