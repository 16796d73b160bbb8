import type { ElementType } from '../core/model.ts';
import type { InputBinding } from '../core/plan.ts';
import { allocateTensor, type TensorData } from '../core/tensor-data.ts';
import type { FeatureBatch, FeatureChunk } from '../features/feature-batch.ts';
import type { Candidate, Candidates } from '../inference/trees/near-cuts.ts';

/** Rows of one chunk. */
const CHUNK_ROWS = 4096;

/** Models with more thresholds are looked at in so many rows; each value comes in one of them at least. */
const MOST_ROWS = 32_768;

/** Every second row differs from one of the input in a few columns only: it goes the ways that real rows go. */
const SHARE_REAL = 0.5;

/**
 * Rows made of values around everything that the trees compare with. Each value of each column comes at least
 * once; which come together is left to chance, the same chance every time.
 */
export function* madeRows(
  bindings: readonly InputBinding[],
  candidates: Candidates,
  real: FeatureBatch,
): Generator<FeatureChunk> {
  const columns = bindings.flatMap(({ input, elementType, columns: names }) =>
    names.map((_, index) => ({ input, index, elementType, values: candidates.get(input)?.get(index) ?? [] })),
  );
  const longest = Math.max(1, ...columns.map(({ values }) => values.length));
  const rows = Math.min(MOST_ROWS, Math.max(CHUNK_ROWS, 4 * longest));
  const tensors = real.rows === 0 ? null : real.tensors(0, real.rows, real.rows);
  const random = generator();
  for (let start = 0; start < rows; start += CHUNK_ROWS) {
    const count = Math.min(CHUNK_ROWS, rows - start);
    const made = columns.map(({ elementType }) => allocateTensor(elementType, count));
    for (let row = 0; row < count; row++) {
      const isNearReal = tensors !== null && random() < SHARE_REAL;
      const base = Math.floor(random() * real.rows);
      columns.forEach(({ input, index, values, elementType }, column) => {
        const tensor = tensors?.get(input);
        const width = (tensor?.dims ?? []).slice(1).reduce((product, size) => product * size, 1);
        const own = tensor?.data[base * width + index];
        const next = values[(start + row + column * STEP) % values.length];
        const keeps = next === undefined || (isNearReal && random() < 0.8);
        put(made[column] as TensorData, row, keeps ? (own ?? next ?? neutral(elementType)) : next);
      });
    }
    yield { rows: count, columns: made.map((values) => ({ values })) };
  }
}

/** Columns go through their values from different starts. */
const STEP = 7;

function put(data: TensorData, row: number, value: Candidate): void {
  (data as Candidate[])[row] = value;
}

function neutral(type: ElementType): Candidate {
  if (type === 'string') return '';
  return type === 'int64' || type === 'uint64' ? 0n : 0;
}

function generator(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
