import { join } from 'node:path';
import { expect, it } from 'vitest';
import { sampleKeys } from '../../../src/sinks/kv/sample-keys.ts';
import { openDatabase } from '../../support/database.ts';
import { temporaryFolder } from '../../support/project.ts';

it('draws keys and fields as a store holds them, the same each time', async () => {
  const database = await openDatabase();
  const path = join(await temporaryFolder(), 'part.parquet');
  await database.run(
    `COPY (SELECT i // 7 AS store, DATE '2026-11-21' + (i % 7)::INTEGER AS date FROM range(7000) t(i)) TO '${path}' (FORMAT parquet)`,
  );
  const kv = { key: 's{store}', field: '{date}' };
  const keys = await sampleKeys(database, kv, [path], 50);
  expect(keys).toHaveLength(50);
  expect(new Set(keys.map(({ key }) => key)).size).toBeGreaterThan(40);
  for (const { key, field } of keys) {
    expect(key).toMatch(/^s\d+$/);
    expect(field).toMatch(/^2026-11-2\d$/);
  }
  expect(await sampleKeys(database, kv, [path], 50)).toEqual(keys);
  expect((await sampleKeys(database, { ...kv, field: null }, [path], 1))[0]?.field).toBeNull();
});
