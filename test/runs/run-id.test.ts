import { expect, test } from 'vitest';
import { isRunId, newRunId, runIdTime } from '../../src/runs/run-id.ts';

const instant = new Date('2026-11-21T00:00:00.999Z');

test('a run id is the instant in UTC and four characters', () => {
  expect(newRunId(instant, () => 0)).toBe('20261121T000000Z-0000');
  expect(newRunId(instant, () => 0.999999999)).toBe('20261121T000000Z-zzzz');
});

test('ids are their own kind, sort by time and tell it', () => {
  const ids = ['2026-11-21T23:59:59Z', '2026-11-22T00:00:00Z', '2027-01-01T00:00:00Z'].map((at) =>
    newRunId(new Date(at)),
  );
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
