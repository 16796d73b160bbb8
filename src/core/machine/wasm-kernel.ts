const PAGE_BYTES = 65_536;

/** What every kernel of `kernels/` exports beside its own. */
export interface KernelExports {
  readonly memory: WebAssembly.Memory;
  /** Where its memory is free. */
  freeFrom(): number;
}

/** A loop in WebAssembly that is compiled once in a process. */
export class WasmKernel<Exports extends KernelExports> {
  readonly #base64: string;
  #module: WebAssembly.Module | undefined;

  /** @param base64 as `npm run kernels` writes it */
  constructor(base64: string) {
    this.#base64 = base64;
  }

  /** An instance with memory of its own. */
  start(): Exports {
    this.#module ??= new WebAssembly.Module(Buffer.from(this.#base64, 'base64'));
    return new WebAssembly.Instance(this.#module, {}).exports as Exports;
  }
}

/** Makes the memory have so many bytes at least. Where it grew, views of its buffer are to be made again. */
export function ensureMemory(memory: WebAssembly.Memory, bytes: number): void {
  const missing = bytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
}
