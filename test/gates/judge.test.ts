import { describe, expect, it } from 'vitest';
import { judgeChanged } from '../../src/gates/kinds/changed-gate.ts';
import { judgeRows } from '../../src/gates/kinds/rows-gate.ts';
import { judgeValues } from '../../src/gates/kinds/values-gate.ts';

const texts = (findings: readonly { readonly segment: string | null; readonly text: string }[]) =>
  findings.map(({ segment, text }) => [segment, text]);

describe('a gate of rows', () => {
  it('names segments that are lost, grew or shrank, and not those that are new', () => {
    const counts = [
      { segment: null, now: 190, before: 200 },
      { segment: 'store=1', now: 0, before: 100 },
      { segment: 'store=2', now: 94, before: 100 },
      { segment: 'store=3', now: 96, before: 0 },
    ];
    expect(texts(judgeRows({ change: 0.05 }, counts))).toEqual([
      ['store=1', 'lost: 100 rows before, none now'],
      ['store=2', '94 rows, 100 before: 6% fewer, at most 5%'],
    ]);
  });
});

describe('a gate of values', () => {
  const fine = {
    segment: null,
    column: 'y',
    rows: 10,
    unusable: 0,
    below: 0,
    above: 0,
    least: 1,
    greatest: 3,
  };
  const gate = { min: 0, max: 5, nulls: 0, constant: false };

  it('tells NaN, what is out of range, and a constant', () => {
    expect(judgeValues(gate, [fine])).toEqual([]);
    expect(
      texts(judgeValues(gate, [{ ...fine, unusable: 2, below: 1, least: -4, above: 3, greatest: 7 }])),
    ).toEqual([
      [null, '2 of 10 values are null, NaN or infinite (20%), at most 0%'],
      [null, '1 value below 0, the least is -4'],
      [null, '3 values above 5, the greatest is 7'],
    ]);
    expect(texts(judgeValues(gate, [{ ...fine, greatest: 1 }]))).toEqual([[null, 'all 10 values are 1']]);
    expect(judgeValues({ ...gate, constant: true }, [{ ...fine, greatest: 1 }])).toEqual([]);
    expect(judgeValues(gate, [{ ...fine, rows: 1, greatest: 1 }])).toEqual([]);
  });
});

describe('a gate of changed keys', () => {
  const change = { column: 'y', keys: 100, changed: 30, examples: ['store=1 from 2 to 9'] };

  it('has a greatest and a least share', () => {
    expect(judgeChanged({ by: 0.5, most: 0.3, least: 0.3 }, [change])).toEqual([]);
    expect(texts(judgeChanged({ by: 0.5, most: 0.2, least: null }, [change]))).toEqual([
      [null, '30 of 100 keys changed by more than 50% (30%); expected at most 20%'],
    ]);
    expect(texts(judgeChanged({ by: 0, most: null, least: 0.5 }, [change]))).toEqual([
      [null, '30 of 100 keys changed (30%); expected at least 50%: is it stale?'],
    ]);
  });
});
