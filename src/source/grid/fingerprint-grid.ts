import { createHash } from 'node:crypto';
import type { InputFingerprint } from '../../core/table.ts';
import { findFiles } from '../files/find-files.ts';
import { fingerprintInput } from '../files/fingerprint.ts';
import type { GridSpec } from './grid-spec.ts';

/** What identifies a grid: its files as they are, and what else the job says of it. */
export async function fingerprintGrid(grid: GridSpec): Promise<InputFingerprint> {
  const paths = grid.dimensions.flatMap((each) => (each.kind === 'file' ? [each.path] : []));
  const { sources, fingerprint } = await fingerprintInput(await findFiles(paths));
  const hash = createHash('sha256').update(`${fingerprint}\n${JSON.stringify(grid)}`);
  return { sources, fingerprint: hash.digest('hex') };
}
