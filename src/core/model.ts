/** The element types of tensors that serve-batch can read and write. Names as in onnxruntime. */
export const ELEMENT_TYPES = [
  'float32',
  'float64',
  'float16',
  'int8',
  'uint8',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'bool',
  'string',
] as const;
export type ElementType = (typeof ELEMENT_TYPES)[number];

/** A dimension: a size, a symbol (`"batch"`) or, where the model says nothing, null. */
export type Dimension = number | string | null;

export interface TensorSpec {
  readonly name: string;
  readonly elementType: ElementType;
  /** Null where the model does not say how many dimensions there are. */
  readonly shape: readonly Dimension[] | null;
}

/** Something that the model has and serve-batch leaves alone, with the reason. */
export interface SkippedOutput {
  readonly name: string;
  readonly reason: string;
}

export interface ModelSignature {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly skippedOutputs: readonly SkippedOutput[];
  /** The model's own metadata `feature_names`, if it has it. */
  readonly featureNames: readonly string[] | null;
  /** By output, of a classifier; left out: none is known. */
  readonly classes?: Readonly<Record<string, OutputClasses>>;
}

/** An output that is the label of a class, or has a score of each class in the order of the labels. */
export interface OutputClasses {
  readonly kind: 'label' | 'scores';
  readonly labels: readonly string[];
}

/** `float32 [rows, 10]`, for messages and tables. */
export function describeTensor(spec: TensorSpec): string {
  const dims = spec.shape?.map((dim, index) =>
    typeof dim === 'number' ? dim : index === 0 ? 'rows' : (dim ?? '?'),
  );
  return `${spec.elementType} ${dims === undefined ? '[?]' : `[${dims.join(', ')}]`}`;
}
