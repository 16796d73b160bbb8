import type { Plan } from '../core/plan.ts';
import type { ModelUse } from '../inference/trees/compile-model.ts';

/** What a plan takes of its model. */
export function useOf({ features, output }: Pick<Plan, 'features' | 'output'>): ModelUse {
  return { inputs: features.bindings, outputs: output.predictions.map((each) => each.output) };
}
