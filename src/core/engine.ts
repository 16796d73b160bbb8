/** What computes a model on the CPU. */
export const ENGINES = ['onnxruntime', 'trees'] as const;
export type Engine = (typeof ENGINES)[number];

/** What a job may ask for; `auto`: the tree engine where its answers are those of ONNX Runtime, bit for bit. */
export const ENGINE_CHOICES = ['auto', ...ENGINES] as const;
export type EngineChoice = (typeof ENGINE_CHOICES)[number];

/** The engine of a run, part of its plan. */
export interface EnginePlan {
  readonly name: Engine;
  /** Of the tree engine: {@link TREE_ENGINE_VERSION} when the run was planned. Null: that of ONNX Runtime counts. */
  readonly version: string | null;
  /** Why the model is left to ONNX Runtime; null: it is not, or the job asks for it. */
  readonly why: string | null;
}

/** Changes with everything that may change what the tree engine compiles, or a bit of its answers. */
export const TREE_ENGINE_VERSION = '2';

export const ONNX_RUNTIME: EnginePlan = { name: 'onnxruntime', version: null, why: null };
export const TREES: EnginePlan = { name: 'trees', version: TREE_ENGINE_VERSION, why: null };

/** `trees 1`, `onnxruntime (its operator Exp is ...)`: for people. */
export function engineText({ name, version, why }: EnginePlan): string {
  const named = version === null ? name : `${name} ${version}`;
  return why === null ? named : `${named} (not trees: ${why})`;
}
