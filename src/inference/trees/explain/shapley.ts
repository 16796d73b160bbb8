import type { Branch, TreeNode } from '../kernel/ensemble.ts';

/** Who gets the credit for a feature: those of one input column are one player. */
export type PlayerOf = (feature: number) => number;

/** The features of a row, as the trees compare them. */
export type FeatureValues = ArrayLike<number>;

/**
 * Adds what each player contributes to the sums of the trees for the row `x` instead of the row `z`, times `share`:
 * `sums[player * targets + target]`. Over all players it adds up to the sums for `x` less those for `z`.
 *
 * Shapley values of the game in which a set of players has its features from `x`, and the others from `z`. A leaf
 * is reached by just those sets that hold all players in `a` and none of `b`, whose features decided for `x` and for
 * `z` on the way to it. Such a leaf gives each player of `a` its weight times (|a|-1)! |b|! / (|a|+|b|)!, and takes
 * from each of `b` its weight times |a|! (|b|-1)! / (|a|+|b|)!. (S. Lundberg et al., "From local explanations to
 * global understanding with explainable AI for trees", Nature Machine Intelligence 2, 2020: interventional TreeSHAP.)
 */
export function addContributions(options: {
  readonly trees: readonly TreeNode[];
  readonly playerOf: PlayerOf;
  readonly targets: number;
  readonly x: FeatureValues;
  readonly z: FeatureValues;
  readonly share: number;
  readonly sums: Float64Array;
}): void {
  const { trees, playerOf, targets, x, z, share, sums } = options;
  const fromX: number[] = [];
  const fromZ: number[] = [];

  const add = (place: number, value: number): void => {
    sums[place] = (sums[place] ?? 0) + value;
  };
  const leave = (votes: readonly { readonly target: number; readonly weight: number }[]): void => {
    const [a, b] = [fromX.length, fromZ.length];
    if (a + b === 0) return;
    const gain = a === 0 ? 0 : share / (a * choose(a + b, a));
    const loss = b === 0 ? 0 : share / (b * choose(a + b, b));
    for (const { target, weight } of votes) {
      for (const player of fromX) add(player * targets + target, weight * gain);
      for (const player of fromZ) add(player * targets + target, -weight * loss);
    }
  };
  const visit = (node: TreeNode): void => {
    if (node.kind === 'leaf') {
      leave(node.votes);
      return;
    }
    const endX = endOf(node, x[node.feature] as number);
    const endZ = endOf(node, z[node.feature] as number);
    const player = playerOf(node.feature);
    const known = endX === endZ || fromX.includes(player) ? endX : fromZ.includes(player) ? endZ : null;
    if (known !== null) {
      visit(known);
      return;
    }
    fromX.push(player);
    visit(endX);
    fromX.pop();
    fromZ.push(player);
    visit(endZ);
    fromZ.pop();
  };
  for (const tree of trees) visit(tree);
}

/** What the trees add up to, by target, in double precision. */
export function sumsOf(trees: readonly TreeNode[], targets: number, values: FeatureValues): Float64Array {
  const sums = new Float64Array(targets);
  for (const tree of trees) {
    let node = tree;
    while (node.kind === 'branch') node = endOf(node, values[node.feature] as number);
    for (const { target, weight } of node.votes) sums[target] = (sums[target] ?? 0) + weight;
  }
  return sums;
}

function endOf(branch: Branch, value: number): TreeNode {
  const isTrue = holds(branch, value) || (branch.missingTrue && Number.isNaN(value));
  return isTrue ? branch.whenTrue : branch.whenFalse;
}

function holds({ mode, value: limit }: Branch, value: number): boolean {
  switch (mode) {
    case 'leq':
      return value <= limit;
    case 'lt':
      return value < limit;
    case 'gte':
      return value >= limit;
    case 'gt':
      return value > limit;
    case 'eq':
      return value === limit;
    case 'neq':
      return value !== limit;
  }
}

/** n over k. */
function choose(n: number, k: number): number {
  let ways = 1;
  for (let each = 1; each <= k; each++) ways = (ways * (n - k + each)) / each;
  return ways;
}
