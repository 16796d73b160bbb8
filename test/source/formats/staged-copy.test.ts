import { join } from 'node:path';
import { expect, it } from 'vitest';
import { copyToStaged } from '../../../src/source/formats/staged-copy.ts';
import { openDatabase } from '../../support/database.ts';
import { temporaryFolder } from '../../support/project.ts';

it.each(['DOUBLE', 'FLOAT'])('a copy keeps the sign of each zero of a %s', async (type) => {
  const database = await openDatabase();
  const target = join(await temporaryFolder(), 'staged.parquet');
  const zeros = ['0.0', '-0.0', '0.0', '-0.0', '1.5'];
  const values = zeros.map((zero) => `('${zero}')`).join(', ');
  await copyToStaged(database, `SELECT CAST(x AS ${type}) AS x FROM (VALUES ${values}) t(x)`, target);
  const rows = await database.rows(`SELECT CAST(x AS VARCHAR) AS x FROM read_parquet('${target}')`);
  expect(rows.map(({ x }) => x)).toEqual(zeros);
});
