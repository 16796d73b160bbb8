import { describe, expect, it } from 'vitest';
import { type ErrorCode, ServeBatchError } from '../../src/core/errors.ts';
import { isOfThisMachine, waitAfterRefusal } from '../../src/queue/refusal.ts';
import { errorOf, errorText, indexOf, jobIdOf, type Refusal } from '../../src/queue/shard-job.ts';

const error = (code: ErrorCode): ServeBatchError =>
  new ServeBatchError(code, `${code} it was`, { fields: { row: 7 }, exitCode: 3 });

function waits(code: ErrorCode): (number | null)[] {
  const refusals: Refusal[] = [];
  const found: (number | null)[] = [];
  while (found.at(-1) !== null && found.length < 100) {
    found.push(waitAfterRefusal({ refusals }, error(code)));
    refusals.push({ worker: 'a:1', error: JSON.parse(errorText(error(code))) });
  }
  return found;
}

describe('a shard that workers refuse', () => {
  it('is offered less and less often, and not for ever', () => {
    expect(waits('MODEL_NOT_FOUND')).toEqual([
      ...[500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, 30_000, 30_000],
      null,
    ]);
  });

  it('is given up soon where the input or the model changed: that is so everywhere, most likely', () => {
    expect(waits('INPUT_CHANGED')).toEqual([500, 1000, null]);
  });

  it('is refused for what may be so on one machine only', () => {
    expect(isOfThisMachine(error('VERSION_MISMATCH'))).toBe(true);
    expect(isOfThisMachine(error('INVALID_ROW'))).toBe(false);
    expect(isOfThisMachine(error('CHILD_DIED'))).toBe(false);
  });
});

describe('what crosses the queue', () => {
  it('an error keeps its code, message, fields and exit code, and loses its stack', () => {
    const text = errorText(error('INVALID_ROW'));
    expect(text).not.toContain('.test.ts');
    expect(errorOf(text)).toMatchObject({
      code: 'INVALID_ROW',
      message: 'INVALID_ROW it was',
      fields: { row: 7 },
      exitCode: 3,
    });
    expect(errorOf('job stalled more than allowable limit')).toBeUndefined();
    expect(errorOf('3')).toBeUndefined();
  });

  it('an id is of one run and one shard, and has no colon', () => {
    const id = jobIdOf('20261121T000000Z-k3x9', 12);
    expect(id).not.toContain(':');
    expect(indexOf('20261121T000000Z-k3x9', id)).toBe(12);
    expect(indexOf('20261121T000000Z-k3x8', id)).toBeUndefined();
  });
});
