import { nextFloat } from '../../../src/inference/trees/kernel/next-float.ts';
import { branchesOf, isLeaf, type TestEnsemble, type TestMode, type TestTree } from './tree-models.ts';

/** Numbers from 0 to 1 that are the same for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export interface Growth {
  readonly leaves: number;
  readonly features: number;
  readonly modes: readonly TestMode[];
  readonly threshold: (random: () => number, feature: number) => number;
  readonly votes: (random: () => number) => readonly (readonly [number, number])[];
}

interface Growing {
  feature: number;
  mode: TestMode;
  value: number;
  missingTrue: boolean;
  whenTrue: TestTree;
  whenFalse: TestTree;
}

/** A tree that grew as LightGBM's do: a leaf is split in two until there are enough of them. */
export function growTree(random: () => number, growth: Growth): TestTree {
  const { leaves, features, modes, threshold, votes } = growth;
  const leaf = (): TestTree => ({ votes: votes(random) });
  if (leaves === 1) return leaf();
  const branch = (): Growing => {
    const feature = Math.floor(random() * features);
    return {
      feature,
      mode: modes[Math.floor(random() * modes.length)] ?? 'LEQ',
      value: threshold(random, feature),
      missingTrue: random() < 0.5,
      whenTrue: leaf(),
      whenFalse: leaf(),
    };
  };
  const root = branch();
  const ends: (readonly [Growing, 'whenTrue' | 'whenFalse'])[] = [
    [root, 'whenTrue'],
    [root, 'whenFalse'],
  ];
  while (ends.length < leaves) {
    const [at] = ends.splice(Math.floor(random() * ends.length), 1);
    if (at === undefined) break;
    const [parent, side] = at;
    const child = branch();
    parent[side] = child;
    ends.push([child, 'whenTrue'], [child, 'whenFalse']);
  }
  return root;
}

/** Makes every EQ a chain of them with the same end, as LightGBM's exporters write a set of categories. */
export function withChains(
  tree: TestTree,
  random: () => number,
  threshold: Growth['threshold'],
  longest: number,
): TestTree {
  if (isLeaf(tree)) return tree;
  const whenTrue = withChains(tree.whenTrue, random, threshold, longest);
  let rest = withChains(tree.whenFalse, random, threshold, longest);
  const links = tree.mode === 'EQ' ? Math.floor(random() * longest) : 0;
  for (let link = 0; link < links; link++)
    rest = { ...tree, value: threshold(random, tree.feature), whenTrue, whenFalse: rest };
  return { ...tree, whenTrue, whenFalse: rest };
}

/** Rows at, just above and just below thresholds, and what is no ordinary number. */
export function adversarialRows(
  model: TestEnsemble,
  random: () => number,
  rows: number,
): Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer> {
  const next = nextFloat(model.double);
  const near: number[][] = Array.from({ length: model.features }, () => [NaN, Infinity, -Infinity, 0, -0]);
  for (const { feature, value } of branchesOf(model.trees)) {
    near[feature]?.push(value);
    if (Number.isFinite(value)) near[feature]?.push(next(value), -next(-value));
  }
  const length = rows * model.features;
  const data = model.double ? new Float64Array(length) : new Float32Array(length);
  for (let index = 0; index < length; index++) {
    const choices = near[index % model.features] ?? [];
    data[index] = random() < 0.05 ? random() * 8 - 4 : (choices[Math.floor(random() * choices.length)] ?? 0);
  }
  return data;
}

/** The leaves of a tree. */
export function leavesOf(tree: TestTree): number {
  return isLeaf(tree) ? 1 : leavesOf(tree.whenTrue) + leavesOf(tree.whenFalse);
}
