import { describe, expect, it } from 'vitest';
import { durationSeconds, parseDuration } from '../../src/config/fields/duration.ts';

describe('durationSeconds', () => {
  it.each([
    [90, 90],
    ['90', 90],
    ['45s', 45],
    ['10m', 600],
    ['36h', 129_600],
    ['14d', 1_209_600],
    ['2w', 1_209_600],
  ])('%j is %i seconds', (value, seconds) => {
    expect(durationSeconds(value)).toBe(seconds);
  });

  it.each([0, -1, 1.5, '0d', '', 'd', '1.5h', '14 days', '14D', '-1d', '9999999999999999w', Number.NaN])(
    'refuses %j',
    (value) => {
      expect(durationSeconds(value)).toBeUndefined();
    },
  );
});

describe('parseDuration', () => {
  it('says where the value stands, what it is and what to write', () => {
    expect(() => parseDuration('14 days', 'kv.ttl')).toThrow(
      expect.objectContaining({
        code: 'JOB_FILE',
        message:
          'kv.ttl is "14 days"; expected a whole number of seconds, or one with a unit (s, m, h, d, w). Write for example 14d or 36h.',
      }),
    );
  });

  it('throws with the code of its caller', () => {
    expect(() => parseDuration('x', '--ttl', 'USAGE')).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});
