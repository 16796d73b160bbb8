import { expect, it } from 'vitest';
import { commonType } from '../../../src/source/formats/common-type.ts';

it.each<[a: string, b: string, type: string | null, someOnly?: true]>([
  ['BIGINT', 'BIGINT', 'BIGINT'],
  ['INTEGER', 'BIGINT', 'BIGINT'],
  ['UTINYINT', 'TINYINT', 'SMALLINT'],
  ['UINTEGER', 'INTEGER', 'BIGINT'],
  ['USMALLINT', 'BIGINT', 'BIGINT'],
  ['UBIGINT', 'BIGINT', 'DECIMAL(20,0)'],
  ['UBIGINT', 'UINTEGER', 'UBIGINT'],
  ['SMALLINT', 'FLOAT', 'FLOAT'],
  ['INTEGER', 'FLOAT', 'DOUBLE'],
  ['INTEGER', 'DOUBLE', 'DOUBLE'],
  ['BIGINT', 'DOUBLE', 'DOUBLE', true],
  ['UBIGINT', 'FLOAT', 'DOUBLE', true],
  ['FLOAT', 'DOUBLE', 'DOUBLE'],
  ['DECIMAL(9,2)', 'DECIMAL(12,4)', 'DECIMAL(12,4)'],
  ['DECIMAL(9,2)', 'INTEGER', 'DECIMAL(12,2)'],
  ['DECIMAL(38,2)', 'DECIMAL(38,4)', null],
  ['DECIMAL(15,3)', 'DOUBLE', 'DOUBLE'],
  ['DECIMAL(18,3)', 'DOUBLE', 'DOUBLE', true],
  ['DATE', 'TIMESTAMP', 'TIMESTAMP'],
  ['TIMESTAMP', 'TIMESTAMP_NS', 'TIMESTAMP_NS', true],
  ['TIMESTAMP', 'TIMESTAMP WITH TIME ZONE', null],
  ['VARCHAR', 'BIGINT', null],
  ['BOOLEAN', 'INTEGER', null],
])('%s and %s are %s together', (a, b, type, someOnly = false as never) => {
  const expected = type === null ? undefined : { type, someOnly };
  expect(commonType(a, b)).toEqual(expected);
  expect(commonType(b, a)).toEqual(expected);
});
