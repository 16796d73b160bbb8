import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { firstDifference, openBoth } from '../../support/trees/compare-engines.ts';

/** Made by `make-models.py` there: what scikit-learn and XGBoost trained, and what they answer themselves. */
const FOLDER = join(import.meta.dirname, '../../fixtures/trees');

interface Answers {
  readonly rows: readonly (readonly (number | null)[])[];
  readonly expected: Readonly<Record<string, readonly (number | string | readonly number[])[]>>;
}

test.each([
  'random-forest',
  'gradient-boosting',
  'histogram-gradient-boosting',
  'xgboost-binary',
  'xgboost-classes',
])('%s: the bits of ONNX Runtime, and the answers of the library that trained it', async (name) => {
  const { rows, expected } = JSON.parse(await readFile(join(FOLDER, `${name}.json`), 'utf8')) as Answers;
  const engines = await openBoth(await readFile(join(FOLDER, `${name}.onnx`)));
  try {
    const data = Float32Array.from(rows.flat(), (value) => value ?? Number.NaN);
    const feeds = new Map([['x', { data, dims: [rows.length, data.length / rows.length] }]]);
    expect(await firstDifference(engines, feeds)).toBeNull();
    for (const [output, answers] of Object.entries(expected)) {
      const found = [...((await engines.trees.run(feeds, [output])).get(output)?.data ?? [])];
      expectNear(found, answers.flat());
    }
  } finally {
    await engines.runtime.close();
  }
});

/** Texts and classes are the same; the libraries add up in float64, ONNX in float32. */
function expectNear(
  found: readonly (number | bigint | string)[],
  expected: readonly (number | string)[],
): void {
  expect(found).toHaveLength(expected.length);
  const far = expected.findIndex((wanted, index) => {
    const value = found[index];
    return typeof wanted === 'string'
      ? value !== wanted
      : !(Math.abs(Number(value) - wanted) <= 1e-5 * Math.max(1, Math.abs(wanted)));
  });
  expect(far === -1 ? null : [far, found[far], expected[far]]).toBeNull();
}
