import { BYTE_CLASS } from './byte-class.ts';
import type { RecordAutomaton } from './record-automaton.ts';

const LINE_FEED = 0x0a;
const { lineFeed } = BYTE_CLASS;
/** Places of a block that are read at the same time: what follows depends on each byte, and the processor would wait. */
const LANES = 4;

/** Reads whole lines, as an automaton takes them, and collects the columns that have an odd cell. */
export class LineScanner {
  readonly #automaton: RecordAutomaton;
  readonly #classes: Uint8Array;
  readonly odd = new Set<number>();

  constructor(automaton: RecordAutomaton, classes: Uint8Array) {
    this.#automaton = automaton;
    this.#classes = classes;
  }

  /** How many records lines are; null: they are not written as the automaton takes them. Ends in a line feed. */
  scan(bytes: Buffer, from: number, to: number): number | null {
    const starts = this.#lanes(bytes, from, to);
    const { start } = this.#automaton;
    const states = new Int32Array(LANES).fill(start);
    const records = this.#scanLanes(bytes, starts, states);
    for (let lane = 0; lane < LANES; lane++) {
      const isRight =
        states[lane] === start || this.#findOdd(bytes, starts[lane] ?? to, starts[lane + 1] ?? to);
      if (!isRight) return null;
    }
    return records;
  }

  /** Where the lanes begin and the last one ends: at the beginning of lines. */
  #lanes(bytes: Buffer, from: number, to: number): Int32Array {
    const starts = new Int32Array(LANES + 1).fill(to);
    starts[0] = from;
    for (let lane = 1; lane < LANES; lane++) {
      const end = bytes.indexOf(
        LINE_FEED,
        Math.max(starts[lane - 1] ?? to, from + (((to - from) * lane) >> 2)),
      );
      if (end === -1 || end >= to) break;
      starts[lane] = end + 1;
    }
    return starts;
  }

  #scanLanes(bytes: Buffer, starts: Int32Array, states: Int32Array): number {
    const { table } = this.#automaton;
    const classes = this.#classes;
    const [a, b, c, d, end] = starts as unknown as readonly [number, number, number, number, number];
    const together = Math.min(b - a, c - b, d - c, end - d);
    let [first, second, third, fourth] = states as unknown as [number, number, number, number];
    let records = 0;
    for (let at = 0; at < together; at++) {
      const one = classes[bytes[a + at] as number] as number;
      const two = classes[bytes[b + at] as number] as number;
      const three = classes[bytes[c + at] as number] as number;
      const four = classes[bytes[d + at] as number] as number;
      first = table[first + one] as number;
      second = table[second + two] as number;
      third = table[third + three] as number;
      fourth = table[fourth + four] as number;
      records += +(one === lineFeed) + +(two === lineFeed) + +(three === lineFeed) + +(four === lineFeed);
    }
    states.set([first, second, third, fourth]);
    for (let lane = 0; lane < LANES; lane++)
      records += this.#scanLane(
        bytes,
        (starts[lane] as number) + together,
        starts[lane + 1] as number,
        states,
        lane,
      );
    return records;
  }

  #scanLane(bytes: Buffer, from: number, to: number, states: Int32Array, lane: number): number {
    const { table } = this.#automaton;
    const classes = this.#classes;
    let state = states[lane] as number;
    let records = 0;
    for (let at = from; at < to; at++) {
      const byte = classes[bytes[at] as number] as number;
      state = table[state + byte] as number;
      records += +(byte === lineFeed);
    }
    states[lane] = state;
    return records;
  }

  /** Reads lines again to see what is odd there: a column, which is text from then on, or the records. */
  #findOdd(bytes: Buffer, from: number, to: number): boolean {
    const automaton = this.#automaton;
    let state = automaton.start;
    for (let at = from; at < to; at++) {
      state = automaton.table[state + (this.#classes[bytes[at] as number] as number)] as number;
      if (state < automaton.firstBad) continue;
      const column = automaton.oddColumn(state);
      if (column === null) return false;
      this.odd.add(column);
      automaton.acceptText(column);
      state = automaton.start;
      at = at === from ? from - 1 : Math.max(from - 1, bytes.lastIndexOf(LINE_FEED, at - 1));
    }
    return state === automaton.start;
  }
}
