import type { Plan } from '../../core/plan.ts';
import { sampledRows } from '../../gates/sample.ts';
import { readModelFile } from '../../inference/model-file.ts';
import type { TreeExplainer } from '../../inference/trees/explain/tree-explainer.ts';
import { UnsupportedModel } from '../../inference/trees/kernel/ensemble.ts';
import type { Database } from '../../source/duckdb/database.ts';
import { openShardRows } from '../../source/shard-rows.ts';
import { readUsable } from '../first-rows.ts';
import { useOf } from '../model-use.ts';

/** Rows of the run that a row is compared with: the mean of so many is within a tenth of their spread. */
const OTHER_ROWS = 100;

/** What the columns of a row contribute to its score. */
export interface RowExplanation {
  /** Rows of the run that it was compared with. */
  readonly others: number;
  /** Whether scores are the model's outputs; else they are what its last steps make the outputs of, as log-odds. */
  readonly isOutput: boolean;
  readonly targets: readonly {
    readonly target: string;
    readonly expected: number;
    readonly score: number;
    /** By column or columns that are made into one feature, the largest first. */
    readonly contributions: readonly { readonly columns: readonly string[]; readonly contribution: number }[];
  }[];
}

/** Null: for the reason `why`. */
export type MaybeExplained =
  | { readonly explanation: RowExplanation }
  | { readonly explanation: null; readonly why: string };

/** Explains the score of one row, from 0, by comparing it with rows of the same run. Models of trees only. */
export async function explainRow(database: Database, plan: Plan, inputRow: number): Promise<MaybeExplained> {
  const explainer = await explainerOf(plan);
  if ('why' in explainer) return { explanation: null, why: explainer.why };
  const rows = await openShardRows(database, plan, { index: 0, rowStart: inputRow, rowEnd: inputRow + 1 });
  const row = await readUsable(database, plan, rows.from, 1).finally(() => rows.close());
  const others = await readUsable(
    database,
    plan,
    await sampledRows(database, plan, OTHER_ROWS),
    2 * OTHER_ROWS,
  );
  const targets = await explainer.explain(row.tensors(0, 1, 1), others.tensors(0, others.rows, others.rows));
  const columns = columnsOfPlayers(explainer, plan);
  return {
    explanation: {
      others: others.rows,
      isOutput: explainer.isOutput,
      targets: targets.map(({ contributions, ...target }) => ({
        ...target,
        contributions: contributions
          .map((contribution, player) => ({ columns: columns[player] ?? [], contribution }))
          .sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution)),
      })),
    },
  };
}

async function explainerOf({ model, ...plan }: Plan): Promise<TreeExplainer | { readonly why: string }> {
  const { TreeExplainer } = await import('../../inference/trees/explain/tree-explainer.ts');
  try {
    return new TreeExplainer(await readModelFile(model.path), model.signature, useOf(plan));
  } catch (error) {
    if (error instanceof UnsupportedModel) return { why: error.message };
    throw error;
  }
}

/** As the job names them. */
function columnsOfPlayers({ players }: TreeExplainer, { features }: Plan): readonly (readonly string[])[] {
  const bindings = new Map(features.bindings.map((binding) => [binding.input, binding.columns]));
  return players.map((player) => player.map(({ input, column }) => bindings.get(input)?.[column] ?? input));
}
