import { join } from 'node:path';
import { type EnginePlan, ONNX_RUNTIME, TREES } from '../core/engine.ts';
import { firstLine } from '../core/errors.ts';
import type { Plan } from '../core/plan.ts';
import { FeatureBatch } from '../features/feature-batch.ts';
import { readModelFile } from '../inference/model-file.ts';
import type { Session } from '../inference/session.ts';
import { compileModel } from '../inference/trees/compile-model.ts';
import type { CompiledRecipe } from '../inference/trees/graph/recipe-builder.ts';
import { candidatesOf } from '../inference/trees/near-cuts.ts';
import {
  type ComparedOn,
  isSameMachine,
  readRecipe,
  recipeName,
  writeRecipe,
} from '../inference/trees/recipe-file.ts';
import { TreeSession } from '../inference/trees/tree-session.ts';
import { enginesFolder } from '../runs/layout.ts';
import { machine } from '../runs/record/versions.ts';
import { BatchScorer } from '../shard/batch-scorer.ts';
import { readFirstRows } from '../shard/first-rows.ts';
import { useOf } from '../shard/model-use.ts';
import type { Database } from '../source/duckdb/database.ts';
import { DEFAULT_BATCH_SIZE } from './choose-batch-size.ts';
import { madeRows } from './made-rows.ts';
import { ResultBits } from './result-bits.ts';

/** Rows of the input that both engines score. */
const REAL_ROWS = 4096;

export interface CompareRequest {
  readonly plan: Plan;
  readonly folderOfJob: string;
  readonly database: Database;
  /** ONNX Runtime with the model; opened where it is needed. */
  readonly runtime: () => Promise<Session>;
}

/**
 * The engine for a plan on the CPU: the trees, where every answer of theirs to some thousand rows of the input, and
 * to rows made around each threshold, has the bits of ONNX Runtime's. What was compiled is left in the job's
 * folder, with the machine that it was compared on: later runs take it from there.
 */
export async function compareEngines(request: CompareRequest): Promise<EnginePlan> {
  const { plan, folderOfJob } = request;
  const use = useOf(plan);
  const path = join(enginesFolder(folderOfJob), recipeName(plan.model.sha256, use));
  const here = comparedHere();
  const known = await readRecipe(path);
  if (known !== undefined && isSameMachine(known.comparedOn, here)) return TREES;
  try {
    const compiled = compileModel(await readModelFile(plan.model.path), use);
    const difference = await differenceOf(compiled, request);
    if (difference !== null) return leftTo(difference);
    const isAnyRows = plan.features.bindings.every(({ fixedRows }) => fixedRows === null);
    const signature = isAnyRows ? plan.model.signature : null;
    await writeRecipe(path, { recipe: compiled.recipe, comparedOn: here, signature });
    return TREES;
  } catch (error) {
    // What goes wrong here ends no run: ONNX Runtime scores it, or says better what is wrong with it.
    return leftTo(firstLine(error instanceof Error ? error.message : String(error)));
  }
}

function leftTo(why: string): EnginePlan {
  return { ...ONNX_RUNTIME, why };
}

/** What the answers of ONNX Runtime depend on. */
export function comparedHere(): ComparedOn {
  const { cpu, onnxruntime } = machine();
  return { onnxruntime, cpu, platform: `${process.platform} ${process.arch}` };
}

/** How the trees answer otherwise than ONNX Runtime; null: they do not. */
async function differenceOf(compiled: CompiledRecipe, request: CompareRequest): Promise<string | null> {
  const { plan, database, runtime } = request;
  const trees = await TreeSession.open(plan.model.path, plan.model.signature, compiled.recipe);
  const expected = await runtime();
  const real = await readFirstRows(database, plan, REAL_ROWS);
  if (!(await sameAnswers(plan, expected, trees, real))) return 'they answer rows of the input otherwise';
  const { bindings } = plan.features;
  for (const chunk of madeRows(bindings, candidatesOf(compiled), real)) {
    const batch = new FeatureBatch(bindings, bindings[0]?.fixedRows ?? DEFAULT_BATCH_SIZE);
    for (let row = 0; row < chunk.rows; row += batch.rows) {
      batch.clear();
      batch.append(chunk, row, Math.min(chunk.rows, row + batch.capacity), 0);
      if (!(await sameAnswers(plan, expected, trees, batch)))
        return 'they answer rows next to thresholds otherwise';
    }
  }
  return null;
}

async function sameAnswers(
  plan: Plan,
  expected: Session,
  trees: Session,
  batch: FeatureBatch,
): Promise<boolean> {
  const [first, second] = [await bitsOf(plan, expected, batch), await bitsOf(plan, trees, batch)];
  return first.equals(second);
}

async function bitsOf(
  { output, features }: Plan,
  session: Session,
  batch: FeatureBatch,
): Promise<ResultBits> {
  const bits = new ResultBits(
    output.predictions.map(({ width }) => width),
    batch.rows,
  );
  const fixedRows = features.bindings[0]?.fixedRows ?? null;
  const scorer = new BatchScorer({ session, bindings: output.predictions, fixedRows, onCall() {} });
  const size = fixedRows ?? DEFAULT_BATCH_SIZE;
  for (let from = 0; from < batch.rows; from += size)
    await scorer.score(batch, bits, from, Math.min(from + size, batch.rows));
  return bits;
}
