import { BYTE_CLASS, type ByteClass, DIGITS, NOT_ZERO } from './byte-class.ts';

/** Takes the texts of cells that plainly mean a value of a type. State 0 is the start. */
export interface CellAutomaton {
  /** By state: the next one by the class of a byte; a class that is missing makes the cell odd. */
  readonly next: readonly ReadonlyMap<ByteClass, number>[];
  /** By state: whether a cell may end there. */
  readonly accepts: readonly boolean[];
}

const { zero, one, two, three, fourFive, minus, point, colon, blank, e, t, r, u, a, f, l, s } = BYTE_CLASS;

/** Digits that every value of an integer type has room for. */
const INTEGER_DIGITS: ReadonlyMap<string, number> = new Map([
  ['TINYINT', 2],
  ['SMALLINT', 4],
  ['INTEGER', 9],
  ['BIGINT', 18],
]);
/** With as many digits before the point, a number lies within 2^53. */
const WHOLE_DIGITS_OF_DOUBLE = 15;
const EXPONENT_DIGITS = 3;
const MICROSECOND_DIGITS = 6;

/**
 * The plain cells of a type: DuckDB's typed reader gives them the value that the careful casts of
 * cell-types.ts give, and those of integers, dates and instants print as they are written. Fewer than all
 * cells of the type: others are looked at with care. Null: no such list is known.
 */
export function plainCells(type: string, check: 'exact' | 'plain'): CellAutomaton | null {
  const digits = INTEGER_DIGITS.get(type);
  if (digits !== undefined) return integers(digits);
  if (type === 'DATE') return dates();
  if (type === 'TIMESTAMP') return instants(check === 'exact');
  // How a number with a fraction or a boolean prints is not looked at here.
  if (check === 'exact') return null;
  if (type === 'DOUBLE' || type === 'FLOAT') return numbers();
  return type === 'BOOLEAN' ? booleans() : null;
}

class Builder {
  readonly #next: Map<ByteClass, number>[] = [new Map()];
  readonly #accepts: boolean[] = [false];

  state(accepts = false): number {
    this.#accepts.push(accepts);
    return this.#next.push(new Map()) - 1;
  }

  edge(from: number, classes: readonly ByteClass[], to: number): void {
    for (const each of classes) this.#next[from]?.set(each, to);
  }

  /** The state behind one more byte. */
  step(from: number, classes: readonly ByteClass[], accepts = false): number {
    const to = this.state(accepts);
    this.edge(from, classes, to);
    return to;
  }

  /** The states behind up to so many more digits. */
  digits(from: number, count: number): readonly number[] {
    const states: number[] = [];
    for (let made = 0; made < count; made++) states.push(this.step(states.at(-1) ?? from, DIGITS, true));
    return states;
  }

  build(): CellAutomaton {
    return { next: this.#next, accepts: this.#accepts };
  }
}

/** `-17`: no zero before other digits, and no -0, which is a number of its own to a model. */
function integers(most: number): CellAutomaton {
  const builder = new Builder();
  builder.step(0, [zero], true);
  const first = builder.step(0, NOT_ZERO, true);
  builder.edge(builder.step(0, [minus]), NOT_ZERO, first);
  builder.digits(first, most - 1);
  return builder.build();
}

/** `-17.25e-3`: no zero before other digits, and no exponent that makes a number larger. */
function numbers(): CellAutomaton {
  const builder = new Builder();
  const signed = builder.step(0, [minus]);
  const nought = builder.step(0, [zero], true);
  builder.edge(signed, [zero], nought);
  const first = builder.step(0, NOT_ZERO, true);
  builder.edge(signed, NOT_ZERO, first);
  const whole = [nought, first, ...builder.digits(first, WHOLE_DIGITS_OF_DOUBLE - 1)];
  const fraction = builder.state(true);
  builder.edge(fraction, DIGITS, fraction);
  const bare = builder.step(0, [point]);
  builder.edge(signed, [point], bare);
  builder.edge(bare, DIGITS, fraction);
  const exponent = builder.state();
  for (const state of [...whole, fraction]) builder.edge(state, [e], exponent);
  for (const state of whole) builder.edge(state, [point], fraction);
  builder.digits(builder.step(exponent, [minus]), EXPONENT_DIGITS);
  return builder.build();
}

function dates(): CellAutomaton {
  const builder = new Builder();
  day(builder, true);
  return builder.build();
}

/** `2026-11-21`. Whether the day exists is left to DuckDB, which refuses the 30th of February. */
function day(builder: Builder, accepts: boolean): number {
  let at = builder.step(0, NOT_ZERO);
  for (let digits = 1; digits < 4; digits++) at = builder.step(at, DIGITS);
  const month = builder.step(at, [minus]);
  const months = builder.step(builder.step(month, [zero]), NOT_ZERO);
  builder.edge(builder.step(month, [one]), [zero, one, two], months);
  const of = builder.step(months, [minus]);
  const days = builder.step(builder.step(of, [zero]), NOT_ZERO, accepts);
  builder.edge(builder.step(of, [one, two]), DIGITS, days);
  builder.edge(builder.step(of, [three]), [zero, one], days);
  return days;
}

/** `2026-11-21 10:30:00.5`, or with a T; where it has to print as it is written, no T and no zeros at the end. */
function instants(isExact: boolean): CellAutomaton {
  const builder = new Builder();
  const separator = builder.step(day(builder, false), isExact ? [blank] : [blank, t]);
  const hours = builder.step(builder.step(separator, [zero, one]), DIGITS);
  builder.edge(builder.step(separator, [two]), [zero, one, two, three], hours);
  const minutes = sixty(builder, builder.step(hours, [colon]), false);
  let ends = [builder.step(sixty(builder, builder.step(minutes, [colon]), true), [point])];
  for (let digits = 0; digits < MICROSECOND_DIGITS; digits++) {
    const [other, nought] = [builder.state(true), builder.state(!isExact)];
    for (const end of ends) {
      builder.edge(end, NOT_ZERO, other);
      builder.edge(end, [zero], nought);
    }
    ends = [other, nought];
  }
  return builder.build();
}

function sixty(builder: Builder, from: number, accepts: boolean): number {
  return builder.step(builder.step(from, [zero, one, two, three, fourFive]), DIGITS, accepts);
}

function booleans(): CellAutomaton {
  const builder = new Builder();
  const word = (letters: readonly ByteClass[]): void => {
    let at = 0;
    for (const [index, letter] of letters.entries())
      at = builder.step(at, [letter], index === letters.length - 1);
  };
  word([t, r, u, e]);
  word([f, a, l, s, e]);
  return builder.build();
}
