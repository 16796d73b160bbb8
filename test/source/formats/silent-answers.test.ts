import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tableFromArrays, tableToIPC } from 'apache-arrow';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assertDistinct } from '../../../src/features/plan-select.ts';
import { NO_NEEDS } from '../../../src/source/csv/staged-columns.ts';
import { Database } from '../../../src/source/duckdb/database.ts';
import { stageArrow } from '../../../src/source/formats/stage-arrow.ts';
import { stageJson } from '../../../src/source/formats/stage-json.ts';

/** Inputs that once gave wrong rows, or none, without an error. */
describe('inputs that could be answered wrongly in silence', () => {
  let folder: string;
  let database: Database;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'serve-batch-silent-'));
    database = await Database.open({ threads: 1, memoryLimit: '256MB', temporaryFolder: folder });
  });
  afterEach(async () => {
    database.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function source(name: string, content: string | Uint8Array) {
    const path = join(folder, name);
    await writeFile(path, content);
    return [{ path, size: content.length, modifiedMs: 0, partitions: {} } as never];
  }
  async function json(text: string, types: Record<string, string> = {}, setAside = false) {
    const target = join(folder, 'staged.parquet');
    const staged = await stageJson(database, {
      sources: await source('in.jsonl', text),
      options: { types },
      needs: NO_NEEDS,
      target,
      setAside,
    });
    return { staged, rows: await database.rows(`SELECT * FROM '${target}'`) };
  }

  it('JSON strings that look like dates, times or UUIDs stay as they are written', async () => {
    const { staged, rows } = await json(
      '{"order":"05-12-2026","at":"2026-11-21T05:00:00","in":{"day":"2026-11-21"},"n":1}\n',
    );
    expect(staged.columns.map(({ type }) => type)).toEqual([
      'VARCHAR',
      'VARCHAR',
      'STRUCT("day" VARCHAR)',
      'BIGINT',
    ]);
    expect(rows[0]).toMatchObject({ order: '05-12-2026', at: '2026-11-21T05:00:00' });
  });

  it('a type for one JSON column leaves the others, whatever its case', async () => {
    const { rows } = await json('{"zip":1234,"x":1}\n', { ZIP: 'VARCHAR' });
    expect(rows).toEqual([{ zip: '1234', x: '1' }]);
  });

  it('a type for a JSON column that is not there is an error with near names', async () => {
    await expect(json('{"zip":1,"x":1}\n', { zap: 'VARCHAR' })).rejects.toMatchObject({
      code: 'SCHEMA_MISMATCH',
      message: expect.stringMatching(/"zap".*"zip"/),
    });
  });

  it('a line that is JSON but no object is malformed', async () => {
    const text = '{"id":1}\n"abc"\n{"id":2}\n[3]\n';
    await expect(json(text)).rejects.toMatchObject({ message: expect.stringContaining('in.jsonl:2') });
    const { staged, rows } = await json(text, {}, true);
    expect(staged.malformed.count).toBe(2);
    expect(rows).toEqual([{ id: '1' }, { id: '2' }]);
  });

  it.each(['stream', 'file'] as const)(
    'an Arrow %s that was cut off is refused at any length',
    async (kind) => {
      const whole = tableToIPC(
        tableFromArrays({ id: Int32Array.from({ length: 100 }, (_, at) => at) }),
        kind,
      );
      const target = join(folder, 'staged.parquet');
      await stageArrow(database, await source('whole.arrow', whole), {}, target);
      for (const length of [8, 64, whole.length - 100, whole.length - 8, whole.length - 1])
        await expect(
          stageArrow(database, await source('cut.arrow', whole.slice(0, length)), {}, target),
        ).rejects.toMatchObject({ message: expect.stringContaining('cut off') });
    },
  );

  it('a SELECT that makes a column twice is refused, with the way to replace it', () => {
    expect(() => assertDistinct(['id', 'x', 'X'])).toThrow(
      expect.objectContaining({ code: 'FEATURES_SELECT', message: expect.stringContaining('* REPLACE') }),
    );
    expect(() => assertDistinct(['id', 'x'])).not.toThrow();
  });
});
