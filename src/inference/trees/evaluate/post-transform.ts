import type { Transform } from '../read/scores.ts';
import { expFloat32 } from './float-exp.ts';

/** Changes the scores of one row in place. They are float32, or float64 where `double` is true. */
export type RowTransform = (scores: Float64Array) => void;

/** The least float32. */
const LEAST = -(2 ** 128 - 2 ** 104);

const NEXT_TO_ZERO = Math.fround(0.0000001);

/** What ONNX Runtime does to two or more scores of a row. */
export function rowTransform(transform: Transform, double: boolean): RowTransform {
  switch (transform) {
    case 'NONE':
      return () => {};
    case 'LOGISTIC':
      return (scores) => {
        for (let index = 0; index < scores.length; index++)
          scores[index] = logistic(Math.fround(scores[index] as number));
      };
    case 'SOFTMAX':
      return softmax;
    case 'SOFTMAX_ZERO':
      return softmaxZero(double ? (value) => value : Math.fround);
  }
}

/** Of a float32. */
export function logistic(value: number): number {
  const result = Math.fround(1 / Math.fround(1 + expFloat32(-Math.abs(value))));
  return value < 0 ? Math.fround(1 - result) : result;
}

function softmax(scores: Float64Array): void {
  const greatest = greatestOf(scores);
  let sum = 0;
  for (let index = 0; index < scores.length; index++) {
    const value = expFloat32(Math.fround(Math.fround(scores[index] as number) - greatest));
    scores[index] = value;
    sum = Math.fround(sum + value);
  }
  for (let index = 0; index < scores.length; index++)
    scores[index] = Math.fround((scores[index] as number) / sum);
}

/** Scores next to 0 stay there: the exponential of 0 is none. */
function softmaxZero(round: (value: number) => number): RowTransform {
  return (scores) => {
    const greatest = greatestOf(scores);
    const factor = expFloat32(-greatest);
    let sum = 0;
    for (let index = 0; index < scores.length; index++) {
      const score = scores[index] as number;
      const near = Math.fround(score);
      if (near > NEXT_TO_ZERO || near < -NEXT_TO_ZERO) {
        const value = expFloat32(Math.fround(near - greatest));
        scores[index] = value;
        sum = Math.fround(sum + value);
      } else scores[index] = round(score * factor);
    }
    for (let index = 0; index < scores.length; index++)
      scores[index] = round((scores[index] as number) / sum);
  };
}

function greatestOf(scores: Float64Array): number {
  let greatest = LEAST;
  for (const score of scores) if (Math.fround(score) > greatest) greatest = Math.fround(score);
  return greatest;
}
