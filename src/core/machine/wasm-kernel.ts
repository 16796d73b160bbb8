const PAGE_BYTES = 65_536;
const ALIGNMENT = 16;
const SLACK = 64;

/** What every kernel of `kernels/` exports beside its own. */
export interface KernelExports {
  readonly memory: WebAssembly.Memory;
  /** Where its memory is free. */
  freeFrom(): number;
}

/** A loop in WebAssembly that is compiled once in a process. */
export class WasmKernel<Exports extends KernelExports> {
  readonly #base64: string;
  readonly #idle: Exports[] = [];
  #module: WebAssembly.Module | undefined;

  /** @param base64 as `npm run kernels` writes it */
  constructor(base64: string) {
    this.#base64 = base64;
  }

  /** An instance with memory of its own, where anything may stand. */
  take(): Exports {
    this.#module ??= new WebAssembly.Module(Buffer.from(this.#base64, 'base64'));
    const known = this.#idle.pop();
    if (known !== undefined) return known;
    // Where the types of a browser are known, too, exports are no `unknown`.
    const exports: unknown = new WebAssembly.Instance(this.#module, {}).exports;
    return exports as Exports;
  }

  /** For whoever takes the next one. To leave an instance to the garbage collector makes it run far more often. */
  giveBack(exports: Exports): void {
    this.#idle.push(exports);
  }
}

/** Gives out pieces of a kernel's memory, one after the other, each with room behind it for reads and writes that overshoot. */
export class KernelMemory {
  readonly #memory: WebAssembly.Memory;
  #end: number;

  constructor(memory: WebAssembly.Memory, from: number) {
    this.#memory = memory;
    this.#end = aligned(from);
  }

  /** Where the next piece begins. */
  get end(): number {
    return this.#end;
  }

  /** The address of so many bytes. Views of the memory's buffer from before may be empty afterwards. */
  take(bytes: number): number {
    const at = this.#end;
    this.#end = aligned(at + bytes + SLACK);
    const missing = this.#end - this.#memory.buffer.byteLength;
    if (missing > 0) this.#memory.grow(Math.ceil(missing / PAGE_BYTES));
    return at;
  }
}

function aligned(address: number): number {
  return Math.ceil(address / ALIGNMENT) * ALIGNMENT;
}
