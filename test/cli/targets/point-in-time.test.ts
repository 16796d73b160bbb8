import { describe, expect, it } from 'vitest';
import { pointInTime } from '../../../src/cli/targets/point-in-time.ts';

const NOW = new Date('2026-11-21T12:00:00Z');

describe('pointInTime', () => {
  it.each([
    ['7d', '2026-11-14T12:00:00.000Z'],
    ['36h', '2026-11-20T00:00:00.000Z'],
    ['2026-11-01', '2026-11-01T00:00:00.000Z'],
    ['2026-11-01T06:00Z', '2026-11-01T06:00:00.000Z'],
    ['2026-11-01T06:00', '2026-11-01T06:00:00.000Z'],
    ['2026-11-01T06:00+02:00', '2026-11-01T04:00:00.000Z'],
  ])('%s', (text, expected) => {
    expect(pointInTime(text, '--since', NOW).toISOString()).toBe(expected);
  });

  it.each(['', '2026', '90', '7 days', '2026-13-01', 'yesterday', '-7d'])('refuses "%s"', (text) => {
    expect(() => pointInTime(text, '--since', NOW)).toThrow(`--since is "${text}"; expected`);
  });
});
