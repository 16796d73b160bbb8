import { describe, expect, it } from 'vitest';
import { type Expiry, missError } from '../../src/lookup/explain-miss.ts';

const info = {
  runId: '20261121T000000Z-k3x9',
  createdAt: '2026-11-21T00:00:00.000Z',
  model: 'sales.onnx',
  modelSha256: 'a'.repeat(64),
  key: '{store}:{product}',
  field: null,
  values: ['y'],
  valueKind: 'number',
} as const;
const miss = { job: 'sales', info, columns: { store: 1, product: 2 } };
const over: Expiry = { ttl: '2h', publishedAt: '2026-11-21T00:00:10.000Z', isOver: true };
const both = ['store', 'product'];

describe('the error of a lookup that found nothing', () => {
  it.each([
    [both, null, 'each of these values occurs in it, but not together.'],
    [null, null, 'its parts are not at hand to say which part of the key is unknown.'],
    [
      both,
      over,
      'its values have expired, since they live for 2h (kv.ttl) and it was published at 2026-11-21T00',
    ],
    [null, over, 'its values have expired'],
    [both, { ...over, isOver: false }, 'but not together, or the prediction has expired (kv.ttl is 2h).'],
    // What the run never had, it has not had expire.
    [['store'], over, 'it has no product=2.'],
  ])('with the values of %j in the parts, and %j', (known, expiry, text) => {
    expect(missError(miss, known, expiry).message).toContain(text);
  });

  const missAt = (at: string) => ({
    job: 'sales',
    info: { ...info, field: '{at}' },
    columns: { ...miss.columns, at },
  });

  it.each([
    ['2026-11-21 05:00:00', '2026-11-21T05:00:00 or 2026-11-21T05:00:00Z'],
    ['2026-11-21T05:00', '2026-11-21T05:00:00 or 2026-11-21T05:00:00Z'],
    ['2026-11-21T06:00:00.250+01:00', '2026-11-21T05:00:00.25 or 2026-11-21T05:00:00.25Z'],
    ['2026-11-21 06:00:00+01', '2026-11-21T05:00:00 or 2026-11-21T05:00:00Z'],
    ['2026-11-21 06:00:00+0100', '2026-11-21T05:00:00 or 2026-11-21T05:00:00Z'],
    ['2026-11-21T05:00:00Z', '2026-11-21T05:00:00'],
    ['2026-11-21T05:00:00', '2026-11-21T05:00:00Z'],
  ])('%s: says how keys have that timestamp', (at, text) => {
    const end = `with a Z at the end if the column has a time zone: try ${text}.`;
    expect(missError(missAt(at), both).message).toContain(end);
    expect(missError(missAt(at), [...both, 'at']).message).not.toContain('time zone');
  });

  it.each(['2026-11-21', '2026-13-41 05:00:00', 'Stockholm'])('%s: as it is', (at) => {
    expect(missError(missAt(at), both).message).toContain(`it has no at=${at}.`);
    expect(missError(missAt(at), both).message).not.toContain('time zone');
  });
});
