import type { FeatureValues } from '../limits/inference-messages.ts';
import type { ForestName } from './forests.ts';

/** What the program that measures both engines on one model is asked. */
export type EngineRequest =
  | { readonly forest: ForestName; readonly rows: number; readonly turns: number }
  | {
      /** The fixture's model, over rows of the benchmark. */
      readonly model: string;
      readonly table: string;
      readonly values: FeatureValues;
      readonly rows: number;
      readonly turns: number;
    };

/** Seconds of the processor, medians over the turns. */
export interface EngineAnswer {
  readonly compileSeconds: number;
  readonly treesSeconds: number;
  readonly runtimeSeconds: number;
  readonly rows: number;
  readonly sameBits: boolean;
}
