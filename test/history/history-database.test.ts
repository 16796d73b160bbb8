import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lockDown, withDatabase } from '../../src/history/history-database.ts';
import { temporaryFolder } from '../runs/sample-run.ts';

describe('lockDown', () => {
  it('leaves one folder to read and one file to write', async () => {
    const [inside, outside] = [await temporaryFolder(), await temporaryFolder()];
    for (const folder of [inside, outside]) await writeFile(join(folder, 'a.csv'), 'a\n1\n');
    const writable = join(outside, 'result.parquet');
    await withDatabase(new AbortController().signal, async (database) => {
      await lockDown(database, [inside], writable);
      expect(await database.rows(`FROM read_csv('${inside}/a.csv')`)).toEqual([{ a: '1' }]);
      await database.run(`COPY (SELECT 1) TO '${writable}' (FORMAT parquet)`);
      for (const sql of [
        `FROM read_csv('${outside}/a.csv')`,
        `FROM read_csv('${inside}/../${outside.split('/').at(-1)}/a.csv')`,
        `FROM glob('${outside}/*')`,
        `COPY (SELECT 1) TO '${outside}/other.parquet' (FORMAT parquet)`,
        `ATTACH '${outside}/x.db'`,
        'LOAD httpfs',
        'INSTALL httpfs',
        'SET enable_external_access = true',
        `SET allowed_directories = ['/']`,
      ])
        await expect(database.run(sql), sql).rejects.toThrow(/disabled|locked|Cannot/);
    });
    expect((await readdir(outside)).sort()).toEqual(['a.csv', 'result.parquet']);
  });
});

describe('withDatabase', () => {
  it('ends a query when the signal does, with its reason', async () => {
    const abort = new AbortController();
    const endless = withDatabase(abort.signal, async (database) => {
      setTimeout(() => abort.abort(new Error('enough')), 50);
      await database.run(
        'SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range * b.range % 7 = 3',
      );
    });
    await expect(endless).rejects.toThrow('enough');
  });
});
