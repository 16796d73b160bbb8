import { join } from 'node:path';
import type { ResolvedInput } from '../../src/core/table.ts';
import { type ColumnNeeds, NO_NEEDS } from '../../src/source/csv/staged-columns.ts';
import type { Database } from '../../src/source/duckdb/database.ts';
import { findFiles } from '../../src/source/files/find-files.ts';
import { fingerprintInput } from '../../src/source/files/fingerprint.ts';
import type { InputOptions } from '../../src/source/formats/input-options.ts';
import { formatOfFiles } from '../../src/source/formats/table-formats.ts';
import { resolveInput } from '../../src/source/resolve-input.ts';
import { temporaryFolder } from './project.ts';

/** How the input is read, beside what is found by looking at it. */
export interface ResolveOptions extends Partial<InputOptions> {
  /** Whether rows that cannot be split are set aside; their file is `stagingRejectsPath`. */
  readonly setAside?: boolean;
  readonly stagingRejectsPath?: string;
  readonly needs?: ColumnNeeds;
}

/** Resolves an input as planning does: files, fingerprint, columns, and the typed copy of a text input. */
export async function resolveTable(
  database: Database,
  paths: string | readonly string[],
  { setAside = false, stagingRejectsPath, needs = NO_NEEDS, ...options }: ResolveOptions = {},
): Promise<ResolvedInput> {
  const list = typeof paths === 'string' ? [paths] : paths;
  const files = await findFiles(list, options.format);
  const folder = await temporaryFolder();
  return resolveInput(database, {
    paths: list,
    format: options.format ?? formatOfFiles(files.map(({ path }) => path)),
    source: await fingerprintInput(files),
    options: { hivePartitioning: 'auto', csv: {}, json: {}, ...options },
    stagedPath: join(folder, 'staged/input.parquet'),
    stagingRejectsPath: stagingRejectsPath ?? join(folder, 'rejects/staging.parquet'),
    setAside,
    needs,
  });
}
