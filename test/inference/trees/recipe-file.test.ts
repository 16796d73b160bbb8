import { createHash } from 'node:crypto';
import { copyFile, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TREE_ENGINE_VERSION } from '../../../src/core/engine.ts';
import type { ModelSignature } from '../../../src/core/model.ts';
import { compileModel, type ModelUse } from '../../../src/inference/trees/compile-model.ts';
import type { Recipe } from '../../../src/inference/trees/graph/recipe.ts';
import { findRecipe, readRecipe, recipeName, writeRecipe } from '../../../src/inference/trees/recipe-file.ts';
import { regressorNode, type TestRegressor, treeModel } from '../../support/trees/tree-models.ts';

const model: TestRegressor = {
  features: 2,
  trees: [
    {
      feature: 1,
      mode: 'LEQ',
      value: 3,
      missingTrue: true,
      whenTrue: { votes: [[0, 1.5]] },
      whenFalse: { votes: [[0, -2]] },
    },
  ],
  double: false,
  targets: 1,
  aggregate: 'MIN',
  transform: 'NONE',
  baseValues: [],
};
const use: ModelUse = {
  inputs: [{ input: 'x', elementType: 'float32', columns: ['a', 'b'], rowShape: [2] }],
  outputs: ['y'],
};
const comparedOn = { onnxruntime: '1.30.0', cpu: 'some processor', platform: 'linux x64' };

const signature = {
  inputs: [{ name: 'x', elementType: 'float32', shape: [null, 2] }],
  outputs: [{ name: 'y', elementType: 'float32', shape: [null, 1] }],
} as unknown as ModelSignature;

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'serve-batch-recipes-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function recipe(): Recipe {
  return compileModel(treeModel(regressorNode(model), model), use).recipe;
}

test('what is read is what was written, infinities included', async () => {
  const path = join(folder, 'engines', 'a.trees');
  await writeRecipe(path, { recipe: recipe(), comparedOn, signature });
  const read = await readRecipe(path);
  expect(read?.comparedOn).toEqual(comparedOn);
  expect(read?.signature).toEqual(signature);
  const { kernels, ...rest } = recipe();
  expect(read?.recipe).toMatchObject(rest);
  expect(read?.recipe.kernels[0]?.firstScore).toBe(Number.POSITIVE_INFINITY);
  expect(Buffer.from(read?.recipe.kernels[0]?.program.bytes ?? [])).toEqual(
    Buffer.from(kernels[0]?.program.bytes ?? []),
  );
  expect(Buffer.from(read?.recipe.kernels[0]?.module ?? [])).toEqual(Buffer.from(kernels[0]?.module ?? []));
});

test('a file that is missing, cut off or changed in any byte is none', async () => {
  const path = join(folder, 'a.trees');
  expect(await readRecipe(path)).toBeUndefined();
  await writeRecipe(path, { recipe: recipe(), comparedOn, signature });
  const whole = await readFile(path);
  for (const at of [0, 30, whole.length >> 1, whole.length - 1]) {
    const changed = Buffer.from(whole);
    changed[at] = (changed[at] ?? 0) ^ 1;
    await writeFile(path, changed);
    expect(await readRecipe(path)).toBeUndefined();
    await writeFile(path, whole.subarray(0, at));
    expect(await readRecipe(path)).toBeUndefined();
  }
});

test('the file of another model is none, though it is whole', async () => {
  const [own, others] = [join(folder, recipeName('one', use)), join(folder, recipeName('other', use))];
  await writeRecipe(own, { recipe: recipe(), comparedOn, signature });
  await copyFile(own, others);
  expect(await readRecipe(own)).toBeDefined();
  expect(await readRecipe(others)).toBeUndefined();
  expect(await findRecipe(folder, 'other', comparedOn)).toBeUndefined();
});

test('a file of another version of the engine is none, though it is whole', async () => {
  const path = join(folder, 'a.trees');
  await writeRecipe(path, { recipe: recipe(), comparedOn, signature });
  const content = (await readFile(path)).subarray(0, -32);
  const version = `"version":"${TREE_ENGINE_VERSION}"`;
  content.write('"version":"x"', content.indexOf(version), 'latin1');
  await writeFile(path, Buffer.concat([content, createHash('sha256').update(content).digest()]));
  expect(TREE_ENGINE_VERSION).toHaveLength(1);
  expect(await readRecipe(path)).toBeUndefined();
});

test('the name says the model and what is taken of it', () => {
  const [input] = use.inputs;
  const names = [
    recipeName('one', use),
    recipeName('other', use),
    recipeName('one', { ...use, outputs: ['z'] }),
    recipeName('one', { ...use, inputs: [{ ...input, columns: ['a'] } as ModelUse['inputs'][number]] }),
  ];
  expect(new Set(names).size).toBe(names.length);
  expect(recipeName('one', use)).toBe(names[0]);
});

test('of many models the latest are kept', async () => {
  for (let index = 0; index < 10; index++) {
    const path = join(folder, `${index}.trees`);
    await writeRecipe(path, { recipe: recipe(), comparedOn, signature });
    await utimes(path, index, index);
  }
  await writeRecipe(join(folder, 'last.trees'), { recipe: recipe(), comparedOn, signature });
  expect(await readdir(folder)).toHaveLength(8);
  expect(await readRecipe(join(folder, 'last.trees'))).toBeDefined();
});

test('a model is found whatever a job took of it, on the machine where it was compared', async () => {
  const other = recipeName('other', use);
  await writeRecipe(join(folder, other), { recipe: recipe(), comparedOn, signature });
  await writeFile(join(folder, recipeName('one', { ...use, outputs: ['z'] })), 'damaged');
  await writeRecipe(join(folder, recipeName('one', use)), { recipe: recipe(), comparedOn, signature });
  expect((await findRecipe(folder, 'one', { ...comparedOn }))?.signature).toEqual(signature);
  expect(await findRecipe(folder, 'one', { ...comparedOn, cpu: 'another' })).toBeUndefined();
  expect(await findRecipe(folder, 'on', comparedOn)).toBeUndefined();
  expect(await findRecipe(join(folder, 'nowhere'), 'one', comparedOn)).toBeUndefined();
});
