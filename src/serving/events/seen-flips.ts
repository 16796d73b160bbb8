import type { Flip, GenerationInfo } from '../../kv/store.ts';

/** What somebody who follows a job is told. `current`: the state, without saying how it came to be. */
export interface FlipEvent {
  readonly kind: 'current' | 'publish' | 'rollback';
  readonly flip: Flip;
  readonly info: GenerationInfo;
  /** The generation that readers saw before; null where that is not known. */
  readonly previous: string | null;
}

/** As long as that: a client that is away for longer gets the state instead. */
const KEPT = 100;

/** The flips of one job that were seen, and what a client is told of them. */
export class SeenFlips {
  #events: readonly FlipEvent[] = [];

  /** Whether this is what was seen last. A token that is not told counts as the one that is known. */
  isKnown({ generation, fence }: Flip): boolean {
    const known = this.#events.at(-1)?.flip;
    if (known === undefined || known.generation !== generation) return false;
    if (fence === null || known.fence === null) return fence === null;
    return fence.token === known.fence.token && fence.lineage === known.fence.lineage;
  }

  add(flip: Flip, info: GenerationInfo): FlipEvent {
    const before = this.#events.at(-1);
    const kind = before === undefined ? 'current' : isOlder(info, before.info) ? 'rollback' : 'publish';
    const event: FlipEvent = { kind, flip, info, previous: before?.flip.generation ?? null };
    this.#events = [...this.#events, event].slice(-KEPT);
    return event;
  }

  /**
   * What a client has missed that has seen everything up to the event of this id. Without an id, or with one that
   * is not known here (any more), that is the state.
   */
  since(lastId: string | undefined): readonly FlipEvent[] {
    const newest = this.#events.at(-1);
    if (newest === undefined) return [];
    const at = lastId === undefined ? -1 : this.#events.findLastIndex((event) => idOf(event) === lastId);
    return at === -1 ? [{ ...newest, kind: 'current', previous: null }] : this.#events.slice(at + 1);
  }
}

/** The fencing token; null where it is not known. */
export function idOf({ flip }: FlipEvent): string | null {
  return flip.fence === null ? null : String(flip.fence.token);
}

function isOlder(a: GenerationInfo, b: GenerationInfo): boolean {
  return Date.parse(a.createdAt) < Date.parse(b.createdAt);
}
