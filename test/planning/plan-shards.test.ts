import { expect, it } from 'vitest';
import { planShards } from '../../src/planning/plan-shards.ts';

it.each<[rows: number, shardRows: number, ranges: (readonly [number, number])[]]>([
  [
    10,
    4,
    [
      [0, 4],
      [4, 8],
      [8, 10],
    ],
  ],
  [
    8,
    4,
    [
      [0, 4],
      [4, 8],
    ],
  ],
  [3, 4, [[0, 3]]],
  [1, 1, [[0, 1]]],
  [0, 4, []],
])('%i rows in shards of %i are %j', (rows, shardRows, ranges) => {
  expect(planShards(rows, shardRows)).toEqual(
    ranges.map(([rowStart, rowEnd], index) => ({ index, rowStart, rowEnd })),
  );
});
