import { describe, expect, it } from 'vitest';
import { type Figure, isMet } from '../../bench/cases/bench-case.ts';
import { summarise } from '../../bench/measure/measurement.ts';
import { replaceResults } from '../../bench/report/markdown.ts';
import { profileLines } from '../../bench/report/profile.ts';
import { figureLine, valueText } from '../../bench/report/text.ts';

const FIGURE: Figure = { title: 'trees', value: 0.85, unit: 'x', target: { atLeast: 0.88 } };

describe('figures', () => {
  it.each([
    [FIGURE, false],
    [{ ...FIGURE, value: 0.88 }, true],
    [{ ...FIGURE, target: { atMost: 0.85 } }, true],
    [{ ...FIGURE, target: { atMost: 0.8 } }, false],
    [{ ...FIGURE, target: null }, null],
    [{ ...FIGURE, value: Number.NaN }, false],
  ] as const)('%j: met is %s', (figure, met) => {
    expect(isMet(figure)).toBe(met);
  });

  it.each([
    [0.853, 'x', '0.85 x'],
    [13.24, 's', '13.2 s'],
    [3_120_000, 'rows/s', '3.12 M/s'],
    [94_300, 'rows/s', '94.3 k/s'],
    [211.4, 'MB', '211 MB'],
    [Number.NaN, 's', 'not known'],
  ] as const)('%d in %s is written %s', (value, unit, text) => {
    expect(valueText(value, unit)).toBe(text);
  });

  it('say what was wanted and whether it was met', () => {
    expect(figureLine(FIGURE).replaceAll(/ +/g, ' ')).toBe('trees 0.85 x at least 0.88 x NO');
  });
});

describe('results in a page', () => {
  const begin = '<!-- results: written by npm run bench -- --update-readme -->';
  const end = '<!-- end of results -->';

  it('replace what stands between the marks', () => {
    expect(replaceResults(`a\n${begin}\nold\n${end}\nz`, 'new')).toBe(`a\n${begin}\n\nnew\n\n${end}\nz`);
  });

  it('need the marks', () => {
    expect(() => replaceResults('a page', 'new')).toThrow('The page has no lines');
  });
});

describe('a profile', () => {
  it('adds up to the cores times the time', () => {
    const run = summarise([
      {
        rows: 10,
        wallSeconds: 10,
        cpuSeconds: 15,
        memory: null,
        details: {
          firstShardSeconds: 1,
          readSeconds: 2,
          featuresSeconds: 1,
          inferSeconds: 8,
          writeSeconds: 1,
          shardSeconds: 13,
          tailSeconds: 0.5,
        },
      },
    ]);
    const lines = profileLines(run, 2);
    expect(lines.map(({ coreSeconds }) => coreSeconds)).toEqual([2, 2, 1, 8, 1, 1, 4, 1]);
    expect(lines.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
  });
});
