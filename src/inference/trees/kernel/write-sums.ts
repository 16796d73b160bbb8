import { type Combine, MOST_TABLES, scalarSum, tableSum } from '../wasm/sum-functions.ts';
import type { Layout } from './layout.ts';
import type { ProgramWriter } from './program-writer.ts';
import type { TiledTree } from './tile-tree.ts';

const ADDRESSES_BYTES = 8;
const TABLE = 16;

export interface SumOptions {
  readonly double: boolean;
  readonly combine: Combine;
  /** Leaves a score as it is; the weight of leaves that have no vote for a target. */
  readonly neutral: number;
}

/** The part of a program that adds the weights of one tree to the scores of its targets. */
export function writeSums(writer: ProgramWriter, tree: TiledTree, layout: Layout, options: SumOptions): void {
  const targets = new Set(tree.leaves.flatMap((votes) => votes.map(({ target }) => target)));
  for (const target of [...targets].sort((a, b) => a - b)) {
    const weights = tree.leaves.map(
      (votes) => votes.find((vote) => vote.target === target)?.weight ?? options.neutral,
    );
    const leaves = tree.result === null ? layout.zeros : layout.slot(tree.result, tree.wide);
    const scores = layout.scores[target];
    if (scores === undefined) throw new TypeError(`There is no target ${target}`);
    const tables = Math.ceil(weights.length / TABLE);
    if (options.double || tree.wide || tables > MOST_TABLES)
      writeScalar(writer, { leaves, scores, weights, wide: tree.wide }, options);
    else writeTables(writer, { leaves, scores, weights, tables }, options.combine);
  }
}

interface Sum {
  readonly leaves: number;
  readonly scores: number;
  readonly weights: readonly number[];
}

function writeScalar(
  writer: ProgramWriter,
  { leaves, scores, weights, wide }: Sum & { readonly wide: boolean },
  { double, combine }: SumOptions,
): void {
  writer.record(
    `scalar ${wide} ${double} ${combine}`,
    () => scalarSum({ wide, double, combine }),
    ADDRESSES_BYTES + weights.length * (double ? 8 : 4),
    (record) => {
      record.word(leaves).word(scores);
      for (const weight of weights) record.value(weight, double);
    },
  );
}

function writeTables(
  writer: ProgramWriter,
  { leaves, scores, weights, tables }: Sum & { readonly tables: number },
  combine: Combine,
): void {
  const bytes = new Uint8Array(Float32Array.from(weights).buffer);
  writer.record(
    `tables ${tables} ${combine}`,
    () => tableSum(tables, combine),
    ADDRESSES_BYTES + tables * TABLE * 4,
    (record) => {
      record.word(leaves).word(scores);
      for (let table = 0; table < tables; table++)
        for (let plane = 0; plane < 4; plane++)
          for (let leaf = 0; leaf < TABLE; leaf++)
            record.byte(bytes[(table * TABLE + leaf) * 4 + plane] ?? 0);
    },
  );
}
