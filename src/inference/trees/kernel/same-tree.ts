import type { TreeNode } from './ensemble.ts';

/** Whether two trees answer every row alike, as far as their shape shows it. */
export function sameTree(a: TreeNode, b: TreeNode): boolean {
  if (a === b) return true;
  if (a.kind === 'leaf' || b.kind === 'leaf')
    return (
      a.kind === b.kind &&
      a.kind === 'leaf' &&
      b.kind === 'leaf' &&
      a.votes.length === b.votes.length &&
      a.votes.every(({ target, weight }, index) => {
        const other = b.votes[index];
        return other?.target === target && Object.is(other.weight, weight);
      })
    );
  return (
    a.feature === b.feature &&
    a.mode === b.mode &&
    a.missingTrue === b.missingTrue &&
    Object.is(a.value, b.value) &&
    sameTree(a.whenTrue, b.whenTrue) &&
    sameTree(a.whenFalse, b.whenFalse)
  );
}
