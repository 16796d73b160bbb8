import { expect, it, vi } from 'vitest';
import { FOREIGN_MEMORY } from '../../../src/core/machine/foreign-memory.ts';
import { holdVectors } from '../../../src/source/duckdb/chunk-stream.ts';
import { openDatabase } from '../../support/database.ts';

it('tells how much memory the chunks of a held result have, each time that they are read', async () => {
  const note = vi.spyOn(FOREIGN_MEMORY, 'note');
  const database = await openDatabase();
  const held = await holdVectors(database, 'SELECT i::SMALLINT, i::FLOAT FROM range(3000) t(i)');
  const bytes = () => note.mock.calls.reduce((sum, [each]) => sum + each, 0);
  expect(bytes()).toBe(0);
  for (const pass of [1, 2]) {
    expect([...held].reduce((sum, { rows }) => sum + rows, 0)).toBe(3000);
    expect(bytes()).toBe(pass * 3000 * (2 + 4));
  }
});
