import { BLOCK_ROWS } from './kernel-code.ts';

const CODE_PARTS = ['code', 'byte', 'bit'] as const;
export type CodePart = (typeof CODE_PARTS)[number];

/** Addresses in the memory of a kernel, for one block of rows. */
export class Layout {
  readonly columns: readonly { readonly feature: number; readonly address: number }[];
  readonly scores: readonly number[];
  /** Ranks of 16 bits, while the ranks of a feature are made. */
  readonly wideRanks: number;
  /** All leaf numbers 0, for trees of one leaf. */
  readonly zeros: number;
  /** The first byte that nothing lies at. */
  readonly bytes: number;
  readonly #ranks: number;
  readonly #codes: number;
  readonly #tests: number;
  readonly #slots: number;
  readonly #columnOf: ReadonlyMap<number, number>;

  constructor(sizes: {
    readonly double: boolean;
    readonly targets: number;
    readonly features: readonly number[];
    readonly rankColumns: number;
    readonly categoryColumns: number;
    readonly tests: number;
    /** Of one byte a row. */
    readonly slots: number;
  }) {
    const valueBytes = sizes.double ? 8 : 4;
    let next = 0;
    const area = (bytesOfRow: number): number => {
      const start = next;
      next += bytesOfRow * BLOCK_ROWS;
      return start;
    };
    this.zeros = area(1);
    this.wideRanks = area(2);
    this.columns = sizes.features.map((feature) => ({ feature, address: area(valueBytes) }));
    this.scores = Array.from({ length: sizes.targets }, () => area(valueBytes));
    this.#ranks = area(sizes.rankColumns);
    this.#codes = area(sizes.categoryColumns * CODE_PARTS.length);
    this.#tests = area(sizes.tests);
    this.#slots = area(sizes.slots);
    this.bytes = next;
    this.#columnOf = new Map(this.columns.map(({ feature, address }) => [feature, address]));
  }

  column(feature: number): number {
    const address = this.#columnOf.get(feature);
    if (address === undefined) throw new TypeError(`No tree compares feature ${feature}`);
    return address;
  }

  ranks(column: number): number {
    return this.#ranks + column * BLOCK_ROWS;
  }

  /** The codes of categories, the number of the byte of a set that has their answers, and the bit of it. */
  codes(column: number, part: CodePart): number {
    return this.#codes + (column * CODE_PARTS.length + CODE_PARTS.indexOf(part)) * BLOCK_ROWS;
  }

  test(index: number): number {
    return this.#tests + index * BLOCK_ROWS;
  }

  slot(index: number, wide: boolean): number {
    return this.#slots + index * BLOCK_ROWS * (wide ? 2 : 1);
  }
}
