import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findRow } from '../../../src/sinks/kv/find-row.ts';
import { openDatabase } from '../../support/database.ts';
import { temporaryFolder } from '../../support/project.ts';

it('finds the row whose value a store has: by key and field, the last of several', async () => {
  const database = await openDatabase();
  const folder = await temporaryFolder();
  const parts = [0, 1].map((part) => join(folder, `part[${part}].parquet`));
  for (const [part, path] of parts.entries())
    await database.run(
      `COPY (SELECT ${part} + i // 4 AS store, DATE '2026-11-21' + (i % 2)::INTEGER AS date, i::FLOAT AS kept, 'it''s' AS text FROM range(8) t(i)) TO '${path}' (FORMAT parquet)`,
    );
  const kv = { key: "s'{store}", field: '{date}' };
  const columns = ['kept', 'text'];
  const find = (key: string, field: string) => findRow(database, kv, parts, { key, field, columns });
  expect(await find("s'0", '2026-11-22')).toEqual({ part: 0, row: 3, texts: { kept: '3.0', text: "it's" } });
  expect(await find("s'1", '2026-11-21')).toEqual({ part: 1, row: 2, texts: { kept: '2.0', text: "it's" } });
  expect(await find("s'2", '2026-11-22')).toMatchObject({ part: 1, row: 7 });
  expect(await find("s'3", '2026-11-21')).toBeNull();
  expect(
    await findRow(database, { ...kv, field: null }, parts, { key: "s'2", field: null, columns }),
  ).toMatchObject({ part: 1, row: 7 });
});
