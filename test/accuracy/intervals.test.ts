import { beforeAll, describe, expect, it } from 'vitest';
import { adapted } from '../../src/accuracy/conformal.ts';
import { ForecastChain, shareInside } from './forecast-chain.ts';

const WEEKS = 20;

/** Evenly spread, from 0 to 1, and always the same. */
const even = (salt: string): string => `((hash(store, product, date, '${salt}') % 1000003) + 0.5) / 1000003`;
const NORMAL = `sqrt(-2 * ln(${even('a')})) * cos(2 * pi() * ${even('b')})`;

/**
 * Ten stores, thirty products. Noise grows with the store and the horizon, forecasts are too low, and each week has
 * an error of its own that all its predictions share.
 */
const CHAIN = `
  SELECT store, product, date, 50 + 10 * sin(2 * pi() * isodow(date) / 7) AS p,
    p + 2 + ((hash(date_diff('day', DATE '2026-01-03', date) // 7) % 1000) / 1000.0 - 0.5) * 3
      + (1 + store::INT / 3.0) * (1 + 0.1 * (date_diff('day', DATE '2026-01-03', date) % 7)) * ${NORMAL} AS y
  FROM (SELECT 's' AS s) CROSS JOIN (SELECT unnest(range(1, 11))::VARCHAR AS store)
    CROSS JOIN (SELECT 'p' || unnest(range(1, 31)) AS product)
    CROSS JOIN (SELECT DATE '2026-01-03' + unnest(range(${WEEKS * 7}))::INTEGER AS date)`;

let chain: ForecastChain;
beforeAll(async () => {
  chain = await ForecastChain.of(CHAIN, '2026-01-03');
});

describe('intervals of a chain with noise of its own', () => {
  it('there are none without enough errors, and it says so', async () => {
    expect(await chain.calibrate(0)).toMatchObject({
      groups: [],
      why: expect.stringMatching(/^no earlier published run has actuals .* each horizon needs 100$/),
    });
    await chain.publish(0);
    expect(await chain.calibrate(1, {}, { until: 0 })).toMatchObject({ groups: [], runs: [] });
    const few = await chain.calibrate(1, { least: 301 });
    expect(few).toMatchObject({
      groups: [],
      why: '1 earlier run has too few errors: each horizon needs 301',
    });
    const [row] = await chain.rows(
      `SELECT count(*) AS n, count(low) AS low, count(high) AS high FROM ${await chain.withBounds(1, few)}`,
    );
    expect(row).toMatchObject({ n: '2100', low: '0', high: '0' });
  });

  it('are the errors at the corrected ranks, of each horizon', async () => {
    const { groups, why } = await chain.calibrate(1);
    expect(why).toBeNull();
    expect(groups.map(({ horizon, residuals }) => [horizon, residuals])).toEqual(
      Array.from({ length: 7 }, (_, index) => [index + 1, 300]),
    );
    const rows = await chain.rows(
      "SELECT y - p::FLOAT::DOUBLE AS r FROM forecasts WHERE date = DATE '2026-01-03' ORDER BY r",
    );
    // (300 + 1) 0.05 = 15.05 and (300 + 1) 0.95 = 285.95: the errors of places 15 and 286.
    const [low = 0, high = 0] = groups[0]?.bounds[0] ?? [];
    expect(low).toBeCloseTo(Number(rows[14]?.r), 10);
    expect(high).toBeCloseTo(Number(rows[285]?.r), 10);
  });

  it('of 90 % hold 88 to 92 % of the weeks that they have not seen, and come out the same each time', async () => {
    const weeks = [];
    for (let week = 1; week < WEEKS; week++) {
      if (week > 9) {
        const calibration = await chain.calibrate(week);
        weeks.push(await chain.inside(week, calibration));
      }
      await chain.publish(week);
    }
    expect(shareInside(weeks)).toBeGreaterThan(0.88);
    expect(shareInside(weeks)).toBeLessThan(0.92);
    // The widest noise is not covered by bounds for all.
    expect(shareInside(weeks, '10')).toBeLessThan(0.85);
    expect(await chain.calibrate(WEEKS)).toEqual(await chain.calibrate(WEEKS));
  });

  it('know nothing of what came true after the run was made', async () => {
    const then = await chain.calibrate(12, {}, { until: 12 });
    expect(then.runs[0]).toBe('run-11');
    expect(await chain.calibrate(12, {}, { until: WEEKS })).toEqual(then);
  });

  it('of a segment with errors enough are its own', async () => {
    const weeks = [];
    for (let week = 17; week < WEEKS; week++) {
      const calibration = await chain.calibrate(week, { by: ['store'] });
      expect(calibration.groups).toHaveLength(7 * 11);
      weeks.push(await chain.inside(week, calibration, ['store']));
    }
    for (const store of ['1', '5', '10']) {
      expect(shareInside(weeks, store), store).toBeGreaterThan(0.85);
      expect(shareInside(weeks, store), store).toBeLessThan(0.95);
    }
    // Eight runs of 30 products are too few: all have those of the horizon.
    const coarse = await chain.calibrate(19, { by: ['store'], least: 241 });
    expect(coarse.groups).toHaveLength(7);
  });

  it('keep the rows in their order', async () => {
    const from = await chain.withBounds(19, await chain.calibrate(19, { by: ['store'] }), ['store']);
    const [row] = await chain.rows(
      `SELECT count(*) AS moved FROM (SELECT *, row_number() OVER () AS n FROM ${from}) a
       JOIN (SELECT *, row_number() OVER () AS n FROM forecasts WHERE date >= DATE '2026-05-16' AND date < DATE '2026-05-23') b USING (n)
       WHERE a.store <> b.store OR a.product <> b.product OR a.date <> b.date`,
    );
    expect(row?.moved).toBe('0');
  });

  it('are not made of actuals that contradict each other', async () => {
    const { groups, why } = await chain.calibrate(19, {}, { twice: true });
    expect(groups).toEqual([]);
    expect(why).toContain('of the actuals have the key and date of another');
  });
});

describe('the miss rate', () => {
  it.each([
    ['as wanted: it stays', 0.1, 0.1, 0.1],
    ['more was missed: it shrinks, and intervals widen', 0.1, 0.2, 0.07],
    ['all was missed: it stays above zero', 0.1, 1, 0.001],
    ['nothing was missed: it grows', 0.1, 0, 0.13],
    ['nothing is known of the run', 0.1, undefined, 0.1],
  ])('%s', (_, alpha, missed, expected) => {
    expect(adapted(alpha, 0.1, missed)).toBeCloseTo(expected, 12);
  });
});
