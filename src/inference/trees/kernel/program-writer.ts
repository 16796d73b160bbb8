import { runFunction } from '../wasm/feature-functions.ts';
import { encodeModule, type ModuleFunction } from '../wasm/module.ts';
import { HEADER_BYTES } from '../wasm/pattern-function.ts';

const ALIGNMENT = 16;

/** Writes the records of a program one after the other, and collects the functions that they name. */
export class ProgramWriter {
  readonly #start: number;
  readonly #functions: ModuleFunction[] = [];
  readonly #numbers = new Map<string, number>();
  #bytes = new Uint8Array(2 ** 16);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  /** @param start where the program will lie */
  constructor(start: number) {
    this.#start = start;
  }

  /** `key` names the function; it is made where it is the first of this name. */
  record(
    key: string,
    make: () => ModuleFunction,
    operandBytes: number,
    fill: (record: Operands) => void,
  ): void {
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#functions.push(make()) - 1;
      this.#numbers.set(key, number);
    }
    const size = Math.ceil((HEADER_BYTES + operandBytes) / ALIGNMENT) * ALIGNMENT;
    this.#reserve(size);
    this.#view.setUint32(this.#length, number, true);
    this.#view.setUint32(this.#length + 4, size, true);
    fill(new Operands(this.#view, this.#length + HEADER_BYTES));
    this.#length += size;
  }

  finish(): {
    readonly program: { readonly start: number; readonly bytes: Uint8Array };
    readonly module: Uint8Array;
  } {
    return {
      program: { start: this.#start, bytes: this.#bytes.subarray(0, this.#length) },
      module: encodeModule([...this.#functions, runFunction()]),
    };
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + bytes));
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** The operands of one record, written in order. */
export class Operands {
  readonly #view: DataView;
  #at: number;

  constructor(view: DataView, at: number) {
    this.#view = view;
    this.#at = at;
  }

  byte(value: number): this {
    this.#view.setUint8(this.#at++, value & 0xff);
    return this;
  }

  short(value: number): this {
    this.#view.setUint16(this.#at, value, true);
    this.#at += 2;
    return this;
  }

  word(value: number): this {
    this.#view.setUint32(this.#at, value, true);
    this.#at += 4;
    return this;
  }

  /** A float32, or a float64. */
  value(value: number, double: boolean): this {
    if (double) this.#view.setFloat64(this.#at, value, true);
    else this.#view.setFloat32(this.#at, value, true);
    this.#at += double ? 8 : 4;
    return this;
  }
}
