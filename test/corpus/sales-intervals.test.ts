import { expect, it } from 'vitest';
import { quoteText } from '../../src/core/text/sql.ts';
import { ForecastChain, shareInside } from '../accuracy/forecast-chain.ts';
import { corpusFile, describeCorpus } from './corpus.ts';

const FIRST_WEEK = 2;
const WEEKS = 26;

/** A forecast as a user would begin with: the mean of the same weekday in the four weeks before. */
function forecasts(file: string): string {
  return `WITH sold AS (SELECT store, item AS product, CAST(date AS DATE) AS date, sum(sales) AS y FROM read_csv(${quoteText(file)}) GROUP BY ALL),
    weekly AS (SELECT *, (date - DATE '2021-07-05') // 7 AS week, isodow(date) AS day FROM sold)
    SELECT a.store, a.product, a.date, any_value(a.y) AS y, avg(b.y) AS p
    FROM weekly a JOIN weekly b USING (store, product, day) WHERE b.week < a.week AND b.week >= a.week - 4
    GROUP BY a.store, a.product, a.date`;
}

describeCorpus('sales', () => {
  it('intervals of 90 % hold 88 to 92 % of the weeks of real sales that they have not seen', async () => {
    const file = corpusFile('sales', 'item_sale_records_202107_202112.csv');
    const chain = await ForecastChain.of(forecasts(file), '2021-07-05');
    const weeks = [];
    for (let week = FIRST_WEEK; week < WEEKS; week++) {
      if (week >= FIRST_WEEK + 7) {
        const calibration = await chain.calibrate(week);
        weeks.push(await chain.inside(week, calibration));
      }
      await chain.publish(week);
    }
    const share = shareInside(weeks);
    if (process.env.SHOW_COVERAGE !== undefined)
      process.stdout.write(
        `${weeks.length} weeks: ${share.toFixed(4)} inside; ${weeks.map((week) => shareInside([week]).toFixed(2)).join(' ')}\n`,
      );
    expect(share).toBeGreaterThan(0.88);
    expect(share).toBeLessThan(0.92);
  });
});
