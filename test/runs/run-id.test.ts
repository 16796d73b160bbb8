import { expect, test } from 'vitest';
import { isRunId, newRunId, runIdTime } from '../../src/runs/run-id.ts';

test.each([
  ['2026-11-21T00:00:00.000Z', 0, '20261121T000000Z-0000'],
  ['2026-11-21T00:00:00.500Z', 0, '20261121T000000Z-i000'],
  ['2026-11-21T00:00:00.999Z', 0.999999999, '20261121T000000Z-zzzz'],
])('a run id is the instant in UTC and four characters for the part of the second: %s', (at, random, id) => {
  expect(newRunId(new Date(at), () => random)).toBe(id);
});

test('ids are their own kind, sort by time, also within a second, and tell it', () => {
  const ids = [
    '2026-11-21T23:59:59.000Z',
    '2026-11-21T23:59:59.001Z',
    '2026-11-21T23:59:59.002Z',
    '2026-11-22T00:00:00Z',
    '2027-01-01T00:00:00Z',
  ].map((at) => newRunId(new Date(at)));
  expect(ids.every(isRunId)).toBe(true);
  expect([...ids].sort()).toEqual(ids);
  expect(runIdTime(ids[0] ?? '')).toBe('2026-11-21T23:59:59.000Z');
});

test.each([
  '',
  'current',
  '..',
  '20261121T000000Z',
  '20261121T000000Z-k3x',
  '20261121T000000Z-K3X9',
  ' 20261121T000000Z-k3x9',
])('%j is no run id', (text) => {
  expect(isRunId(text)).toBe(false);
  expect(runIdTime(text)).toBeUndefined();
});
