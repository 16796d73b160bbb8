import { describe, expect, it } from 'vitest';
import { ServeBatchError } from '../../src/core/errors.ts';
import { sqlError } from '../../src/history/sql-error.ts';

const names = { views: ['runs', 'sales', 'weekly-forecast'], unpublished: ['monthly'] };
const missing = (name: string): Error =>
  new Error(
    `Catalog Error: Table with name ${name} does not exist!\nDid you mean "pg_enum"?\n\nLINE 1: FROM x`,
  );

describe('sqlError', () => {
  it('says what DuckDB says, what was probably meant, and what there is', () => {
    const error = sqlError(missing('salse'), 'FROM salse', names);
    expect(error).toMatchObject({ code: 'USAGE', exitCode: 2 });
    expect(error.message).toBe(
      'The query cannot be run: Table with name salse does not exist!\nLINE 1: FROM x\nDid you mean "sales"?\nViews: runs, sales, "weekly-forecast".',
    );
  });

  it('knows jobs that have published nothing', () => {
    expect(sqlError(missing('monthly'), 'FROM monthly', names).message).toContain(
      'The job "monthly" has published nothing yet',
    );
  });

  it('knows that a name with a dash stands in double quotes', () => {
    const error = new Error('Parser Error: syntax error at or near "-"');
    expect(sqlError(error, 'FROM weekly-forecast', names).message).toContain(
      'Write "weekly-forecast", in double',
    );
    expect(sqlError(error, 'FROM "weekly-forecast" -', names).message).not.toContain('in double');
  });

  it('leaves errors alone that have a code of their own', () => {
    const known = new ServeBatchError('NOT_FOUND', 'x');
    expect(sqlError(known, '', names)).toBe(known);
    expect(sqlError(new Error('Out of Memory Error: 1GB'), '', names).code).toBe('OUT_OF_MEMORY');
    expect(sqlError(new Error('IO Error: No space left on device'), '', names).code).toBe('DISK_FULL');
  });
});
