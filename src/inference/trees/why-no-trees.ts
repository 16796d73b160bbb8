import { compileKernel } from './kernel/compile-kernel.ts';
import { TreeKernel } from './kernel/tree-kernel.ts';

/** Why the engine does not work on this machine, found out with a tree of two leaves; null: it does. */
export function whyNoTrees(): string | null {
  try {
    const leaf = (weight: number) => ({ kind: 'leaf', votes: [{ target: 0, weight }] }) as const;
    const branch = { kind: 'branch', feature: 0, mode: 'leq', value: 0, missingTrue: false } as const;
    const tree = { ...branch, whenTrue: leaf(1), whenFalse: leaf(2) };
    const { code } = compileKernel({ double: false, trees: [tree], targets: 1, aggregate: 'sum' });
    const kernel = new TreeKernel(code);
    kernel.columns[0]?.set([-1, 1]);
    kernel.run(2);
    const [first, second] = kernel.scores[0] ?? [];
    return first === 1 && second === 2 ? null : `two leaves answer ${first} and ${second}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
