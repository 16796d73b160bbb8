/** What is used of it: TypeScript declares WebAssembly for browsers only. */
declare namespace WebAssembly {
  class Memory {
    constructor(descriptor: { readonly initial: number });
    readonly buffer: ArrayBuffer;
    /** By pages of 64 KiB. Views of the buffer before it are empty from then on. */
    grow(pages: number): number;
  }
  interface Global {
    value: number;
  }
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Instance {
    constructor(module: Module, imports: Readonly<Record<string, Readonly<Record<string, Memory>>>>);
    readonly exports: unknown;
  }
}
