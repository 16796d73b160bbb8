import { createHash } from 'node:crypto';
import type { InputFingerprint, SourceFile } from '../../core/table.ts';
import { findFiles } from '../files/find-files.ts';
import { fingerprintInput } from '../files/fingerprint.ts';
import { inField } from '../files/in-field.ts';
import type { GridSpec } from './grid-spec.ts';

/** What identifies a grid: its files as they are, and what else the job says of it. */
export async function fingerprintGrid(grid: GridSpec): Promise<InputFingerprint> {
  // One file may hold several dimensions.
  const files = new Map<string, SourceFile>();
  for (const each of grid.dimensions) {
    if (each.kind !== 'file') continue;
    const found = await inField(`input.grid.${each.name}`, () => findFiles([each.path]));
    for (const file of found) files.set(file.path, file);
  }
  const { sources, fingerprint } = await fingerprintInput([...files.values()]);
  const hash = createHash('sha256').update(`${fingerprint}\n${JSON.stringify(grid)}`);
  return { sources, fingerprint: hash.digest('hex') };
}
