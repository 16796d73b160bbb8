import { describe, expect, it } from 'vitest';
import { parseKeyTemplates, predictionAddress, seriesKey } from '../../src/lookup/key-address.ts';
import { INFO } from '../kv/store-contract.ts';

const templates = parseKeyTemplates(INFO);
const usage = (...texts: string[]) =>
  expect.objectContaining({
    code: 'USAGE',
    message: expect.stringMatching(new RegExp(texts.join('.*'), 's')),
  });

describe('the address of a prediction', () => {
  it('is filled from the columns, in any order', () => {
    const address = predictionAddress(templates, { date: '2026-11-21', product: 'x', store: 1n });
    expect(address).toEqual({ key: '1:x', field: '2026-11-21' });
    expect(seriesKey(templates, { product: 2, store: 1 })).toBe('1:2');
  });

  it('takes columns in any case', () => {
    expect(predictionAddress(templates, { Date: '2026-11-21', PRODUCT: 'x', store: 1 })).toEqual({
      key: '1:x',
      field: '2026-11-21',
    });
  });

  it('has no field where the job has none', () => {
    const plain = parseKeyTemplates({ ...INFO, key: 'c/{customer}', field: null });
    expect(predictionAddress(plain, { customer: 7 })).toEqual({ key: 'c/7', field: null });
  });

  it('names a missing column, and what is wanted', () => {
    expect(() => predictionAddress(templates, { store: 1, date: '2026-11-21' })).toThrow(
      usage('"product"', 'missing', '"store", "product" and "date"'),
    );
    expect(() => seriesKey(templates, { store: 1 })).toThrow(
      usage('"product"', 'missing', '"store" and "product"'),
    );
  });

  it('names an unknown column and the nearest known one', () => {
    expect(() => predictionAddress(templates, { stroe: 1, product: 2, date: 'd' })).toThrow(
      usage('"stroe"', 'Did you mean "store"'),
    );
    expect(() => seriesKey(templates, { store: 1, product: 2, date: 'd' })).toThrow(
      usage('"date"', 'not a part'),
    );
  });

  it('does not take what every object has for a column', () => {
    const odd = parseKeyTemplates({ ...INFO, key: '{constructor}', field: null });
    expect(() => predictionAddress(odd, {})).toThrow(usage('"constructor"', 'missing'));
  });
});
