import { expect, it } from 'vitest';
import { coverageError, isBelow } from '../../../src/jobs/publish/coverage.ts';

const coverage = { expected: 700_000, present: 699_999, ratio: 699_999 / 700_000, min: 1 };

it('is below what is asked for where anything is missing', () => {
  expect(isBelow({ coverage }, 1)).toBe(true);
  expect(isBelow({ coverage }, 0.9999)).toBe(false);
  expect(isBelow({ coverage: { ...coverage, present: 700_000, ratio: 1 } }, 1)).toBe(false);
  expect(isBelow({}, 1)).toBe(false);
});

it('never says 100% of what is not whole, and names what is missing', () => {
  const error = coverageError({ runId: 'r1', coverage }, 1, ['store=1 product=59']);
  expect(error).toMatchObject({ code: 'COVERAGE_TOO_LOW', exitCode: 5, retryable: false });
  expect(error.message).toContain('lacks 1 of the 700,000 predictions of its grid: coverage is 99.999%');
  expect(error.message).toContain('Missing is store=1 product=59.');
});
