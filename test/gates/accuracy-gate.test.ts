import { describe, expect, it } from 'vitest';
import type { AccuracyGate } from '../../src/core/gates.ts';
import { checkAccuracy } from '../../src/gates/kinds/accuracy-gate.ts';
import { sampleFigures } from '../accuracy/sample-accuracy.ts';

const gate = (changes: Partial<AccuracyGate>): AccuracyGate => ({
  ...{ kind: 'accuracy', name: 'accuracy', runs: 4, wape: null, bias: null, naive: null },
  ...changes,
});
/** A run whose errors and those of the naive forecast are these, of actuals of 100. */
const run = (runId: string, error: number, naive = 25, biasShare = 0) => ({
  runId,
  whole: sampleFigures({
    ...{ absoluteError: error, absoluteActual: 100, wape: error / 100, biasShare },
    naive: { ...sampleFigures().naive, absoluteError: naive, absoluteErrorOfPredictions: error },
  }),
});

describe('a gate of accuracy', () => {
  it.each([
    ['lets good runs through', gate({ wape: 0.25 }), [run('a', 20), run('b', 30)], []],
    ['adds the last runs up', gate({ wape: 0.25 }), [run('a', 40), run('b', 20)], ['WAPE 30%, at most 25%']],
    ['looks at so many of them', gate({ wape: 0.25, runs: 1 }), [run('a', 20), run('b', 90)], []],
    [
      'finds forecasts that are too low',
      gate({ bias: 0.1 }),
      [run('a', 30, 25, -0.3), run('b', 10, 25, 0.05)],
      ['predictions are 12.5% too low, at most 10%'],
    ],
    [
      'compares with the naive forecast',
      gate({ naive: 0.1 }),
      [run('a', 35), run('b', 25)],
      ['errors are 20% larger than those of the naive forecast, at most 10%'],
    ],
    ['lets errors be as large as those of the naive forecast', gate({ naive: 0 }), [run('a', 25)], []],
    ['says nothing where the naive forecast had no error', gate({ naive: 0 }), [run('a', 25, 0)], []],
  ])('%s', (_, asked, runs, texts) => {
    const { verdict, findings, detail } = checkAccuracy(asked, runs);
    expect(verdict).toBe(texts.length === 0 ? 'passed' : 'failed');
    expect(findings.map(({ text }) => text.replace(/, over .*$/, ''))).toEqual(texts);
    expect(detail).toMatch(/^the last \d scored runs?, the newest of them a$/);
  });

  it('has nothing to say before a run is scored', () => {
    expect(checkAccuracy(gate({ wape: 0.25 }), [])).toMatchObject({
      ...{ verdict: 'not compared', detail: 'no earlier run is scored yet' },
    });
  });
});
