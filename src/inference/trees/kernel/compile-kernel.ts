import { CategoryColumns } from './category-columns.ts';
import { type Ensemble, UnsupportedModel } from './ensemble.ts';
import type { CompiledKernel } from './kernel-code.ts';
import { Layout } from './layout.ts';
import { ProgramWriter } from './program-writer.ts';
import { RankColumns } from './rank-columns.ts';
import { splitsOf } from './splits.ts';
import { Shapes } from './tile-shapes.ts';
import { type TiledTree, tileTree } from './tile-tree.ts';
import { writeCodes } from './write-codes.ts';
import { writeRanks } from './write-ranks.ts';
import { writeSteps } from './write-steps.ts';
import { writeSums } from './write-sums.ts';

/** What is above or below every score, so that the first one counts. */
const FIRST_SCORE = {
  sum: 0,
  average: 0,
  min: Number.POSITIVE_INFINITY,
  max: Number.NEGATIVE_INFINITY,
} as const;

/**
 * Compiles trees to WebAssembly. Every node is evaluated for every row, sixteen rows an instruction, without
 * branches: docs/adr/0021-tree-engine.md. The scores are those of ONNX Runtime with one thread, bit for bit: the
 * weights are added in the same order. Throws `UnsupportedModel`.
 */
export function compileKernel(ensemble: Ensemble): CompiledKernel {
  const { double, targets, aggregate } = ensemble;
  const splits = ensemble.trees.map((tree) => splitsOf(tree, double));
  const ranks = new RankColumns(splits);
  const categories = new CategoryColumns(splits, double);
  const shapes = new Shapes();
  const trees = splits.map((tree) => tileTree(tree, ranks, categories, shapes));
  assertSmall(trees);
  const layout = new Layout({
    double,
    targets,
    features: [...new Set([...ranks.cuts.keys(), ...categories.values.keys()])].sort((a, b) => a - b),
    rankColumns: ranks.columns.length,
    categoryColumns: categories.columns.length,
    tests: most(trees, ({ tests }) => tests),
    slots: most(trees, ({ slots, wide }) => slots * (wide ? 2 : 1)),
  });
  const writer = new ProgramWriter(layout.bytes);
  writeRanks(writer, ranks, layout, double);
  writeCodes(writer, categories, layout, double);
  const combine = aggregate === 'min' || aggregate === 'max' ? aggregate : 'add';
  for (const tree of trees) {
    writeSteps(writer, tree, layout);
    writeSums(writer, tree, layout, { double, combine, neutral: FIRST_SCORE[aggregate] });
  }
  const { program, module } = writer.finish();
  const code = {
    double,
    memoryBytes: program.start + program.bytes.length,
    program,
    module,
    columns: layout.columns,
    scores: layout.scores,
    firstScore: FIRST_SCORE[aggregate],
  };
  const cuts = layout.columns.map(({ feature }) =>
    Float64Array.from([...(ranks.cuts.get(feature) ?? []), ...(categories.values.get(feature) ?? [])]),
  );
  return { code, cuts, ensemble };
}

/** Trees of more leaves on average are left to ONNX Runtime: every leaf costs time here, and there only the depth. */
const MOST_LEAVES_ON_AVERAGE = 512;

function assertSmall(trees: readonly TiledTree[]): void {
  const leaves = trees.reduce((sum, tree) => sum + tree.leaves.length, 0);
  if (leaves > MOST_LEAVES_ON_AVERAGE * trees.length)
    throw new UnsupportedModel(`its trees have ${Math.round(leaves / trees.length)} leaves on average`);
}

function most(trees: readonly TiledTree[], count: (tree: TiledTree) => number): number {
  return trees.reduce((greatest, tree) => Math.max(greatest, count(tree)), 0);
}
