import { describe, expect, it } from 'vitest';
import { nearestNames, suggestion } from '../../../src/core/text/nearest.ts';

describe('nearestNames', () => {
  it.each([
    ['slaes', ['sales', 'stores'], ['sales']],
    ['prise', ['discount', 'price', 'size_sqm'], ['price']],
    ['PRICE', ['price'], ['price']],
    ['lag_8', ['lag_14', 'lag_7', 'mean_28'], ['lag_7', 'lag_14']],
    ['lag', ['lag_7', 'temperature'], ['lag_7']],
    ['sales', ['sales-by-column'], []],
    ['x', ['store', 'product'], []],
    ['price', [], []],
  ])('%s among %j is %j', (name, candidates, near) => {
    expect(nearestNames(name, candidates)).toEqual(near);
  });

  it('puts the nearest first and gives no more than asked', () => {
    expect(nearestNames('mean_28', ['mean_20', 'mean_28d', 'mean_28'], 2)).toEqual(['mean_28', 'mean_20']);
  });
});

describe('suggestion', () => {
  it.each([
    ['prise', ['price', 'product'], ' Did you mean "price"?'],
    ['lag_1', ['lag_7', 'lag_14'], ' Did you mean "lag_7" or "lag_14"?'],
    ['weather', ['price', 'product'], ''],
  ])('of %s among %j is %j', (name, candidates, sentence) => {
    expect(suggestion(name, candidates)).toBe(sentence);
  });
});
