import type { DuckDBVector } from '@duckdb/node-api';
import { type KernelExports, KernelMemory, WasmKernel } from '../../core/machine/wasm-kernel.ts';
import type { KvBatch } from '../../kv/store.ts';
import { KernelColumn } from './kernel-column.ts';
import type { KvTexts, TextTemplate } from './kv-texts.ts';
import { MODULE_BASE64 } from './row-texts-wasm.ts';
import { CHUNK_ROWS, MOST_ROWS, type RowWriter } from './row-writer.ts';

/** Of the texts of a batch, where its rows leave it so much. */
const BATCH_BYTES = 1024 * 1024;

/** Of kernels/row-texts.ts. Numbers are addresses, unless their names say otherwise. */
export interface RowTextExports extends KernelExports {
  makeTables(): number;
  setTexts(texts: number, left: number): void;
  textsEnd(): number;
  integerTexts(items: number, rows: number, starts: number, ends: number, isSigned: boolean): void;
  dateTexts(items: number, rows: number, starts: number, ends: number): number;
  floatTexts(items: number, rows: number, starts: number, ends: number): number;
  inlineTexts(strings: number, rows: number, starts: number, ends: number, bits: number): number;
  begin(keySizes: number, keyRows: number, fieldSizes: number, valueSizes: number, bytes: number): void;
  writeRows(rows: number, key: number, field: number, value: number): void;
  keyCount(): number;
  bytesEnd(): number;
}

const KERNEL = new WasmKernel<RowTextExports>(MODULE_BASE64);

/**
 * Rows put together in WebAssembly, as {@link PlainRows} does it, in a fraction of the time. It takes no chunk with a text
 * of more than 12 bytes that DuckDB has made: DuckDB keeps it elsewhere.
 */
export class KernelRows implements RowWriter {
  readonly #exports = KERNEL.take();
  readonly #columns: readonly KernelColumn[];
  readonly #hasField: boolean;
  readonly #templates: readonly [key: number, field: number, value: number];
  /** Key sizes, rows of keys, field sizes, value sizes, and bytes. */
  readonly #batchAt: readonly [number, number, number, number, number];
  readonly #batchBytes: number;
  /** Of a row, at most. */
  readonly #rowBytes: number;
  #rows = 0;

  constructor({ columns, key, field, value }: KvTexts) {
    const exports = this.#exports;
    const memory = new KernelMemory(exports.memory, exports.freeFrom());
    const templates = [key, field ?? [], value] as const;
    this.#hasField = field !== null;
    const left = memory.take(CHUNK_ROWS * 4);
    this.#columns = columns.map((column) => new KernelColumn(exports, memory, left, column));
    const size = (template: TextTemplate) => mostBytes(template, this.#columns);
    this.#rowBytes = templates.reduce((sum, template) => sum + size(template), 0);
    this.#batchBytes = Math.max(BATCH_BYTES, this.#rowBytes * CHUNK_ROWS);
    this.#templates = templates.map((template) => this.#putTemplate(memory, template)) as [
      number,
      number,
      number,
    ];
    const sizes = () => memory.take(MOST_ROWS * 4);
    this.#batchAt = [sizes(), sizes(), sizes(), sizes(), memory.take(this.#batchBytes)];
    // From here on, the memory does not grow.
    const powers = exports.makeTables();
    new Float64Array(exports.memory.buffer, powers, POWERS.length).set(POWERS);
    this.clear();
  }

  get rows(): number {
    return this.#rows;
  }

  get isFull(): boolean {
    const free = this.#batchBytes - (this.#exports.bytesEnd() - this.#batchAt[4]);
    return this.#rows > MOST_ROWS - CHUNK_ROWS || free < this.#rowBytes * CHUNK_ROWS;
  }

  write(vectors: readonly DuckDBVector[], rows: number): boolean {
    for (const [index, column] of this.#columns.entries()) {
      const vector = vectors[index];
      if (vector !== undefined && !column.load(vector, rows)) return false;
    }
    this.#exports.writeRows(rows, ...this.#templates);
    this.#rows += rows;
    return true;
  }

  batch(): KvBatch {
    const { buffer } = this.#exports.memory;
    const [keySizes, keyRows, fieldSizes, valueSizes, bytes] = this.#batchAt;
    const keys = this.#exports.keyCount();
    const sizes = (at: number, count: number) => new Uint32Array(buffer, at, count);
    return {
      bytes: Buffer.from(buffer, bytes, this.#exports.bytesEnd() - bytes),
      keys,
      rows: this.#rows,
      keySizes: sizes(keySizes, keys),
      keyRows: sizes(keyRows, keys),
      fieldSizes: this.#hasField ? sizes(fieldSizes, this.#rows) : null,
      valueSizes: sizes(valueSizes, this.#rows),
    };
  }

  clear(): void {
    this.#rows = 0;
    this.#exports.begin(...this.#batchAt);
  }

  /** To be called once, after the last batch was used. */
  close(): void {
    KERNEL.giveBack(this.#exports);
  }

  /** Where the kernel finds a template: address and number of its pieces, of three words each. */
  #putTemplate(memory: KernelMemory, template: TextTemplate): number {
    const pieces = template.flatMap((piece) => {
      const text = 'literal' in piece ? piece.literal : piece.ifNull;
      const column = 'literal' in piece ? 0 : (this.#columns[piece.column]?.record ?? 0);
      return [column, ...(text === null ? [0, 0] : this.#putText(memory, text))];
    });
    return this.#putWords(memory, [this.#putWords(memory, pieces), template.length]);
  }

  #putText(memory: KernelMemory, text: string): [at: number, bytes: number] {
    const bytes = Buffer.from(text);
    const at = memory.take(bytes.length);
    Buffer.from(this.#exports.memory.buffer).set(bytes, at);
    return [at, bytes.length];
  }

  #putWords(memory: KernelMemory, words: readonly number[]): number {
    const at = memory.take(words.length * 4);
    new Uint32Array(this.#exports.memory.buffer, at, words.length).set(words);
    return at;
  }
}

/** From the power of -10 on, as the kernel has them. */
const POWERS = Array.from({ length: 26 }, (_, place) => Number(`1e${place - 10}`));

function mostBytes(template: TextTemplate, columns: readonly KernelColumn[]): number {
  return template.reduce((sum, piece) => {
    if ('literal' in piece) return sum + Buffer.byteLength(piece.literal);
    return sum + Math.max(Buffer.byteLength(piece.ifNull ?? ''), columns[piece.column]?.mostBytes ?? 0);
  }, 0);
}
