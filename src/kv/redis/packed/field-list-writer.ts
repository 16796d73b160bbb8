import { ByteWriter } from '../../byte-writer.ts';
import { sameBytes } from '../../bytes.ts';
import type { RowGroup } from '../../group-rows.ts';
import { listId, writeLine, writeLineBreak } from './packed-text.ts';

/** Lists whose ids are remembered. More are made where every key has fields of its own. */
const REMEMBERED = 1_000;

/** Gives groups the id of their list of fields. Neighbours mostly have the same: then only bytes are compared. */
export class FieldListWriter {
  readonly #onList: (id: string, list: Buffer) => void;
  /** The fields of the last group, one after the other, and where each ends. */
  readonly #fields = new ByteWriter(1024);
  readonly #ends: number[] = [];
  #count = -1;
  #id = '';
  readonly #list = new ByteWriter(1024);
  /** Ids by the text of the list, one character a byte. */
  readonly #known = new Map<string, string>();

  /** @param onList told of each list before its id is given out; perhaps more than once */
  constructor(onList: (id: string, list: Buffer) => void) {
    this.#onList = onList;
  }

  /** The id of the group's fields, which are distinct and sorted. */
  idOf(group: RowGroup): string {
    if (this.#isSame(group)) return this.#id;
    this.#remember(group);
    const list = this.#list.view();
    const text = list.toString('latin1');
    const known = this.#known.get(text);
    this.#id = known ?? listId(list);
    if (known === undefined) {
      if (this.#known.size === REMEMBERED) this.#known.clear();
      this.#known.set(text, this.#id);
      this.#onList(this.#id, list);
    }
    return this.#id;
  }

  #isSame({ bytes, count, fieldStarts, valueStarts }: RowGroup): boolean {
    if (count !== this.#count) return false;
    const fields = this.#fields.view();
    let from = 0;
    for (let index = 0; index < count; index++) {
      const start = fieldStarts[index] as number;
      const size = (valueStarts[index] as number) - start;
      const end = this.#ends[index] as number;
      if (end - from !== size || !sameBytes(fields, from, bytes, start, size)) return false;
      from = end;
    }
    return true;
  }

  #remember({ bytes, count, fieldStarts, valueStarts }: RowGroup): void {
    this.#fields.clear();
    this.#list.clear();
    this.#count = count;
    for (let index = 0; index < count; index++) {
      const start = fieldStarts[index] as number;
      const end = valueStarts[index] as number;
      this.#fields.piece(bytes, start, end);
      this.#ends[index] = this.#fields.length;
      if (index > 0) writeLineBreak(this.#list);
      writeLine(this.#list, bytes, start, end);
    }
  }
}
