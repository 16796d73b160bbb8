import { BLOCK_ROWS, type KernelCode } from './kernel-code.ts';

const PAGE_BYTES = 65_536;

/** Functions work on so many rows at least. */
const ROWS_STEP = 64;

interface Exports {
  readonly run: (record: number, end: number, rows: number) => void;
}

type Values = Float32Array | Float64Array;

/** Compiled trees in this process. A block of rows at a time. */
export class TreeKernel {
  readonly code: KernelCode;
  /** By position in `code.columns`: where the values of a block are put. */
  readonly columns: readonly Values[];
  /** By target: the scores of the last block. */
  readonly scores: readonly Values[];
  readonly #exports: Exports;

  constructor(code: KernelCode) {
    this.code = code;
    const memory = new WebAssembly.Memory({ initial: Math.ceil(code.memoryBytes / PAGE_BYTES) });
    const { buffer } = memory;
    new Uint8Array(buffer).set(code.program.bytes, code.program.start);
    const view = (address: number): Values =>
      code.double
        ? new Float64Array(buffer, address, BLOCK_ROWS)
        : new Float32Array(buffer, address, BLOCK_ROWS);
    this.columns = code.columns.map(({ address }) => view(address));
    this.scores = code.scores.map(view);
    const module = new WebAssembly.Module(code.module);
    const instance = new WebAssembly.Instance(module, { env: { memory } });
    this.#exports = instance.exports as unknown as Exports;
  }

  /** Scores the rows in the columns, at most a block. */
  run(rows: number): void {
    const { program, firstScore } = this.code;
    for (const scores of this.scores) scores.fill(firstScore);
    if (program.bytes.length === 0) return;
    const padded = Math.ceil(rows / ROWS_STEP) * ROWS_STEP;
    this.#exports.run(program.start, program.start + program.bytes.length, padded);
  }
}
