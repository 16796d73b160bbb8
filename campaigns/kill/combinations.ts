import {
  type KillOptions,
  type Kind,
  MOMENTS_OF,
  type Moment,
  type StoreName,
  VICTIMS,
  type Victim,
} from './options.ts';

/** What is struck, where, and how. */
export interface Combination {
  readonly kind: Kind;
  readonly store: StoreName;
  readonly moment: Moment;
  readonly victim: Victim;
}

interface Tally extends Combination {
  struck: number;
  tried: number;
}

const newTally = (combination: Combination): Tally => ({ ...combination, struck: 0, tried: 0 });

/** A combination that so many tries did not strike, for its commands are over too soon, is left alone. */
const MOST_VAIN_TRIES = 8;

/** Deals out the combinations so that each is struck as often as the others. */
export class Combinations {
  readonly #tallies: readonly Tally[];
  readonly #random: () => number;

  constructor(
    { kinds, stores, moments }: Pick<KillOptions, 'kinds' | 'stores' | 'moments'>,
    random: () => number,
  ) {
    this.#random = random;
    this.#tallies = kinds.flatMap((kind) =>
      MOMENTS_OF[kind]
        .filter((moment) => moments.includes(moment))
        .flatMap((moment) =>
          stores.flatMap((store) => VICTIMS.map((victim) => newTally({ kind, moment, store, victim }))),
        ),
    );
  }

  /** Those that were struck least; among them in an order of its own each time. Empty: none can be struck. */
  inOrder(): readonly Combination[] {
    const left = this.#tallies.filter(({ struck, tried }) => tried - struck < MOST_VAIN_TRIES);
    const keyed = left.map((tally) => ({ tally, key: this.#random() }));
    keyed.sort((a, b) => a.tally.struck - b.tally.struck || a.tally.tried - b.tally.tried || a.key - b.key);
    return keyed.map(({ tally }) => tally);
  }

  count(combination: Combination, isStruck: boolean): void {
    const tally = this.#tallies.find((each) => each === combination);
    if (tally === undefined) throw new Error('another campaign has dealt this combination');
    tally.tried++;
    if (isStruck) tally.struck++;
  }

  /** How evenly they were struck, in one line. */
  get spread(): string {
    const struck = this.#tallies.map((each) => each.struck);
    return `${this.#tallies.length} combinations, each struck ${Math.min(...struck)} to ${Math.max(...struck)} times`;
  }
}
