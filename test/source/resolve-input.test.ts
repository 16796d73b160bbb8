import { rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { NO_NEEDS } from '../../src/source/csv/staged-columns.ts';
import { findFiles } from '../../src/source/files/find-files.ts';
import { fingerprintInput } from '../../src/source/files/fingerprint.ts';
import { resolveInput } from '../../src/source/resolve-input.ts';
import { openDatabase } from '../support/database.ts';
import { temporaryFolder } from '../support/project.ts';

it.each<[what: string, name: string, change: (path: string) => Promise<void>, said: RegExp]>([
  ['is removed', 'table.csv', (path) => rm(path), /table\.csv is gone/],
  ['is written anew and not whole yet', 'table.csv.gz', (path) => truncate(path, 30), /has 30 bytes/],
])('says of a file that %s while it is read that it changed', async (_, name, change, said) => {
  const database = await openDatabase();
  const folder = await temporaryFolder();
  const path = join(folder, name);
  const rows = `a,b\n${'1,x\n'.repeat(1_000)}`;
  await writeFile(path, name.endsWith('.gz') ? gzipSync(rows) : rows);
  const source = await fingerprintInput(await findFiles([path]));
  await change(path);
  const resolved = resolveInput(database, {
    ...{ paths: [path], format: 'csv', source, setAside: true, needs: NO_NEEDS },
    options: { hivePartitioning: 'auto', csv: {}, json: {} },
    stagedPath: join(folder, 'staged/input.parquet'),
    stagingRejectsPath: join(folder, 'rejects.parquet'),
  });
  await expect(resolved).rejects.toMatchObject({
    code: 'INPUT_CHANGED',
    message: expect.stringMatching(said),
  });
});
