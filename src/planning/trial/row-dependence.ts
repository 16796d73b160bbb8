import { type Answer, isNear } from '../../inference/compare-answers.ts';
import { rowBytes } from './output-rows.ts';
import { type Outputs, spread, type TrialModel } from './trial-model.ts';
import { type TrialRows, withNeighbour } from './trial-rows.ts';

/**
 * What of a model's answers for a row does not depend on that row alone; the outputs that show it. At most
 * one of the lists has any.
 */
export interface RowDependence {
  /** Two calls with the same rows differ. */
  readonly random: readonly string[];
  /** Other rows in the same call make a difference. */
  readonly neighbours: readonly string[];
  /** The place in the call makes a difference. */
  readonly place: readonly string[];
}

const NONE: RowDependence = { random: [], neighbours: [], place: [] };

/**
 * Calls the model again with the same rows, with half of them exchanged, and with the halves swapped.
 *
 * A row that keeps its place in a call of the same size is computed by the same instructions, whatever
 * stands beside it: its bits are compared. In another place sums may run in another order.
 */
export async function findDependence(
  model: TrialModel,
  usable: readonly number[],
  count: number,
): Promise<RowDependence> {
  const rows = spread(usable, count);
  const first = await model.call(rows);
  const random = differing(first, await model.call(rows), rows, count);
  if (random.length > 0 || count === 1) return { ...NONE, random };
  const mixed = await mixedCall(model, usable, count);
  if (mixed === null) return NONE;
  const neighbours = await dependOnNeighbours(mixed, count);
  if (neighbours.length > 0) return { ...NONE, neighbours };
  return { ...NONE, place: await dependOnPlace(mixed, count) };
}

interface MixedCall {
  readonly model: TrialModel;
  readonly rows: readonly number[];
  readonly outputs: Outputs;
}

/** A call whose rows differ; null where the input has but one kind of row, and the model takes no other. */
async function mixedCall(
  model: TrialModel,
  usable: readonly number[],
  count: number,
): Promise<MixedCall | null> {
  const [row = 0] = usable;
  const others = usable.filter((other) => !isSameRow(model.rows, row, other));
  if (others.length > 0) {
    const rows = spread(usable, count);
    return { model, rows, outputs: await model.call(rows) };
  }
  const neighbour = model.on(withNeighbour(model.rows, row));
  const rows = spread([row, model.rows.rows], count);
  try {
    return { model: neighbour, rows, outputs: await neighbour.call(rows) };
  } catch {
    return null;
  }
}

async function dependOnNeighbours({ model, rows, outputs }: MixedCall, count: number): Promise<string[]> {
  const half = Math.ceil(count / 2);
  const [firstRow = 0, lastRow = 0] = [rows[0], rows.at(-1)];
  const places = rows.map((_, place) => place);
  const [front, back] = [places.slice(0, half), places.slice(half)];
  const frontKept = await model.call(rows.map((row, place) => (place < half ? row : firstRow)));
  const backKept = await model.call(rows.map((row, place) => (place < half ? lastRow : row)));
  return [
    ...new Set([
      ...differing(outputs, frontKept, front, count),
      ...differing(outputs, backKept, back, count),
    ]),
  ];
}

async function dependOnPlace({ model, rows, outputs }: MixedCall, count: number): Promise<string[]> {
  const half = Math.ceil(count / 2);
  const moved = await model.call(rows.map((_, place) => rows[(place + half) % count] ?? 0));
  const types = new Map(model.session.signature.outputs.map(({ name, elementType }) => [name, elementType]));
  return [...outputs].flatMap(([name, { data }]) => {
    const elementType = types.get(name) ?? 'float32';
    const expected: Answer = { elementType, data };
    const found: Answer = { elementType, data: moved.get(name)?.data ?? [] };
    const width = data.length / count;
    const isSame = rows.every((_, place) =>
      Array.from({ length: width }, (_, index) => index).every((index) =>
        isNear(expected, ((place + half) % count) * width + index, found, place * width + index),
      ),
    );
    return isSame ? [] : [name];
  });
}

/** The outputs whose values differ at some of the places of two calls. */
function differing(first: Outputs, second: Outputs, places: readonly number[], count: number): string[] {
  return [...first].flatMap(([name, value]) => {
    const other = second.get(name);
    const isSame =
      other !== undefined &&
      other.data.length === value.data.length &&
      places.every((place) => rowBytes(value, place, count).equals(rowBytes(other, place, count)));
    return isSame ? [] : [name];
  });
}

function isSameRow({ feeds, rows }: TrialRows, one: number, other: number): boolean {
  return [...feeds.values()].every((value) =>
    rowBytes(value, one, rows).equals(rowBytes(value, other, rows)),
  );
}
