import { UnsupportedModel } from '../kernel/ensemble.ts';
import type { ClassifierEnd, RegressorEnd } from '../read/scores.ts';
import { logistic, rowTransform } from './post-transform.ts';

type Scores = Float32Array | Float64Array;
type ForRows = (rows: number) => void;

/** The end of a regressor: `from` holds what the trees add up to, by target. */
export function regressorEnd(end: RegressorEnd, from: readonly Scores[], to: readonly Scores[]): ForRows {
  const { transform } = end;
  const finish = from.map((_, target) => finisher(end, target, from.length));
  // ONNX Runtime transforms one score alone by PROBIT only.
  if (from.length === 1 || transform === 'NONE')
    return (rows) => {
      from.forEach((scores, target) => {
        const [values, one] = [to[target] as Scores, finish[target] as (score: number) => number];
        for (let row = 0; row < rows; row++) values[row] = one(scores[row] as number);
      });
    };
  const change = rowTransform(transform, end.double);
  const row = new Float64Array(from.length);
  return (rows) => {
    for (let index = 0; index < rows; index++) {
      from.forEach((scores, target) => {
        row[target] = (finish[target] as (score: number) => number)(scores[index] as number);
      });
      change(row);
      to.forEach((values, target) => {
        values[index] = row[target] as number;
      });
    }
  };
}

/** The mean, where that is wanted, and the base value. */
function finisher(end: RegressorEnd, target: number, targets: number): (score: number) => number {
  const { aggregate, baseValues, trees, double } = end;
  const round = double ? (value: number): number => value : Math.fround;
  const hasBases = targets > 1 && baseValues.length === targets;
  const base =
    targets === 1 ? (baseValues.length === 1 ? baseValues[0] : 0) : hasBases ? baseValues[target] : 0;
  const count = round(trees);
  const isSum = aggregate === 'sum' || aggregate === 'average';
  // Nothing is added to several sums that have no base: 0 would make -0 of them.
  if (isSum && targets > 1 && !hasBases)
    return aggregate === 'sum' ? (score) => score : (score) => round(score / count);
  if (aggregate === 'average') return (score) => round(round(score / count) + (base as number));
  return (score) => round(score + (base as number));
}

/** The end of a classifier: writes the position of each row's label, and its scores. */
export function classifierEnd(
  end: ClassifierEnd,
  from: readonly Scores[],
  labels: Int32Array,
  to: readonly Scores[],
): ForRows {
  return from.length === 2 ? ofTwo(end, from, labels, to) : ofMany(end, from, labels, to);
}

function ofMany(
  { baseValues, transform, double, voted }: ClassifierEnd,
  from: readonly Scores[],
  labels: Int32Array,
  to: readonly Scores[],
): ForRows {
  if (baseValues.length > from.length) throw new UnsupportedModel('it has more base values than classes');
  const round = double ? (value: number): number => value : Math.fround;
  const counts = voted.map((each, index) => each || index < baseValues.length);
  if (!counts.includes(true)) throw new UnsupportedModel('its trees vote for no class');
  const change = rowTransform(transform, double);
  const row = new Float64Array(from.length);
  return (rows) => {
    for (let index = 0; index < rows; index++) {
      let best = -1;
      for (let each = 0; each < row.length; each++) {
        const sum = voted[each] ? ((from[each] as Scores)[index] as number) : 0;
        const base = baseValues[each];
        const score = base === undefined ? sum : voted[each] ? round(sum + base) : base;
        row[each] = score;
        if (counts[each] && (best === -1 || score > (row[best] as number))) best = each;
      }
      labels[index] = best;
      change(row);
      for (let each = 0; each < row.length; each++) (to[each] as Scores)[index] = row[each] as number;
    }
  };
}

/** The two scores of a row before they are transformed, and the one that decides. */
interface Pair {
  /** One, where the other class has no votes: it is made of it at the very end. */
  readonly alone: boolean;
  readonly scores: (first: number, second: number, row: Float64Array) => void;
  readonly deciding: 0 | 1;
}

function ofTwo(
  end: ClassifierEnd,
  from: readonly Scores[],
  labels: Int32Array,
  to: readonly Scores[],
): ForRows {
  const { transform, double, allPositive, isBinary } = end;
  const round = double ? (value: number): number => value : Math.fround;
  const pair = pairOf(end, round);
  const change = pair.alone ? aloneTransform(end, round) : rowTransform(transform, double);
  const limit = isBinary && allPositive ? 0.5 : 0;
  const [first, second] = from as [Scores, Scores];
  const [low, high] = to as [Scores, Scores];
  const row = new Float64Array(2);
  return (rows) => {
    for (let index = 0; index < rows; index++) {
      pair.scores(first[index] as number, second[index] as number, row);
      labels[index] = (row[pair.deciding] as number) > limit ? 1 : 0;
      change(row);
      low[index] = row[0] as number;
      high[index] = row[1] as number;
    }
  };
}

/** As ONNX Runtime has it, where a class without votes has the score 0, whatever its base value is. */
function pairOf({ baseValues, voted }: ClassifierEnd, round: (value: number) => number): Pair {
  const [base0 = 0, base1 = 0] = baseValues;
  const [hasFirst = false, hasSecond = false] = voted;
  const put =
    (make: (first: number, second: number) => readonly [number, number]) =>
    (first: number, second: number, row: Float64Array): void => {
      const [a, b] = make(first, second);
      row[0] = a;
      row[1] = b;
    };
  if (!hasFirst && !hasSecond) throw new UnsupportedModel('its trees vote for no class');
  switch (baseValues.length) {
    case 2:
      return hasSecond
        ? {
            alone: false,
            deciding: 1,
            scores: put((first) => {
              const score = round(base1 + first);
              return [hasFirst ? -score : 0, score];
            }),
          }
        : { alone: false, deciding: 0, scores: put((first) => [round(first + base0), 0]) };
    case 1:
    case 0:
      return {
        alone: !hasSecond,
        deciding: hasSecond ? 1 : 0,
        scores: put((first, second) => [
          hasFirst && baseValues.length === 1 ? round(first + base0) : first,
          second,
        ]),
      };
    default:
      throw new UnsupportedModel('it has more base values than classes');
  }
}

/** Makes two scores of the one that there are votes for. */
function aloneTransform(
  { transform, allPositive }: ClassifierEnd,
  round: (value: number) => number,
): (row: Float64Array) => void {
  return (row) => {
    const score = row[0] as number;
    if (transform === 'LOGISTIC') {
      row[0] = logistic(-Math.fround(score));
      row[1] = logistic(Math.fround(score));
    } else if (allPositive) {
      row[0] = round(1 - score);
      row[1] = score;
    } else {
      row[0] = -score;
      row[1] = score;
    }
  };
}
