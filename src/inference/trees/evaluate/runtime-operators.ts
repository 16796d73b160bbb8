import type { OperatorAtOnce } from '../../operator-at-once.ts';
import type { Recipe } from '../graph/recipe.ts';
import { UnsupportedModel } from '../kernel/ensemble.ts';
import { BLOCK_ROWS } from '../kernel/kernel-code.ts';
import type { OperatorsOf } from './evaluator.ts';

/** The operators of a recipe that ONNX Runtime computes. */
export interface RuntimeOperators {
  readonly of: OperatorsOf;
  close(): void;
}

/** Loads ONNX Runtime only for a recipe that has such operators. */
export async function operatorsOf({ steps }: Recipe): Promise<RuntimeOperators> {
  if (!steps.some(({ kind }) => kind === 'operator')) return { of: none, close() {} };
  const { OperatorAtOnce } = await import('../../operator-at-once.ts');
  const opened = new Map<string, OperatorAtOnce>();
  return {
    of(operator, type) {
      const key = `${operator} ${type}`;
      const known = opened.get(key) ?? OperatorAtOnce.open(operator, type, BLOCK_ROWS);
      if (known === null)
        throw new UnsupportedModel(
          `its operator ${operator} is one that this ONNX Runtime answers later only`,
        );
      opened.set(key, known);
      return (from, to) => known.run(from, to);
    },
    close() {
      for (const each of opened.values()) each.close();
      opened.clear();
    },
  };
}

function none(operator: string): never {
  throw new TypeError(`The recipe has no operator ${operator}`);
}
