import type { JobSpec } from '../config/job-spec.ts';
import { specSha256 } from '../config/spec-hash.ts';
import { ServeBatchError } from '../core/errors.ts';
import type { FeatureTable, RunIdentity } from '../core/plan.ts';
import type { InputFingerprint, TableFormat } from '../core/table.ts';
import { hashModel } from '../inference/hash-model.ts';
import { findFiles } from '../source/find-files.ts';
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
  const files = await findFiles(spec.input.paths, spec.input.format);
  const source = await fingerprintInput(files);
  const tables = await findTables(spec);
  const tableSources = await fingerprintInput(tables.flatMap(({ sources }) => sources));
  const { onnxruntime, duckdb, serveBatch } = versions();
  return {
    source,
    tables,
    format: spec.input.format ?? formatOfFiles(files.map(({ path }) => path)),
    identity: {
      inputFingerprint: source.fingerprint,
      modelSha256: await hashModel(spec.model.path),
      occurrence: spec.occurrence,
      specSha256: specSha256(spec, { onnxruntime, duckdb, serveBatch, tables: tableSources.fingerprint }),
    },
  };
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
