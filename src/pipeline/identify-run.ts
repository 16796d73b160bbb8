import type { JobSpec } from '../config/job-spec.ts';
import { specSha256 } from '../config/spec-hash.ts';
import { ServeBatchError } from '../core/errors.ts';
import type { RunIdentity } from '../core/plan.ts';
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
  const tables = await fingerprintInput(await findFiles(Object.values(spec.features.tables)));
  const { onnxruntime, duckdb, serveBatch } = versions();
  return {
    source,
    format: spec.input.format ?? formatOfFiles(files.map(({ path }) => path)),
    identity: {
      inputFingerprint: source.fingerprint,
      modelSha256: await hashModel(spec.model.path),
      specSha256: specSha256(spec, { onnxruntime, duckdb, serveBatch, tables: tables.fingerprint }),
    },
  };
}
