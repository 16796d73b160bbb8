import { ensureMemory, type KernelExports, WasmKernel } from '../../../core/machine/wasm-kernel.ts';
import type { BatchPlace } from '../../group-rows.ts';
import type { KvBatch } from '../../store.ts';
import type { TakenGroups } from '../redis-commands.ts';
import { MODULE_BASE64 } from './restore-hashes-wasm.ts';

/** Of the commands that are made at once. */
const TARGET_BYTES = 256 * 1024;
/** No RESTORE has fewer. */
const SMALLEST_COMMAND = 64;
/** The kernel reads and writes up to so many bytes behind a text. */
const SLACK = 64;
/** The kernel's reason to stop, where another call goes on. */
const IS_FULL = 1;

const HEAD = '*4\r\n$7\r\nRESTORE\r\n$';

/** Of kernels/restore-hashes.ts. */
interface RestoreExports extends KernelExports {
  makeTables(): void;
  setCommand(
    head: number,
    bytes: number,
    prefix: number,
    bytes2: number,
    middle: number,
    bytes3: number,
  ): void;
  setTarget(target: number, bytes: number, starts: number): void;
  setBatch(
    keys: number,
    keySizes: number,
    keyRows: number,
    fieldSizes: number,
    valueSizes: number,
    bytesEnd: number,
  ): void;
  /** Returns the address of eight numbers. */
  restoreHashes(key: number, row: number, at: number): number;
}

const KERNEL = new WasmKernel<RestoreExports>(MODULE_BASE64);

/** Gets commands, each from its place in `starts` on. Both are valid during the call. */
type OnCommands = (commands: Buffer, starts: Uint32Array) => void;

/**
 * RESTORE commands of many hashes, made in WebAssembly of a batch as it is: byte for byte those that dumped-hash.ts
 * makes of one group after the other, in a fraction of the time.
 */
export class RestoreKernel {
  readonly #exports = KERNEL.start();
  readonly #onCommands: OnCommands;
  readonly #target: number;
  readonly #starts: number;
  /** Where batches go. */
  readonly #batch: number;
  /** The one that was put there last. */
  #loaded: KvBatch | null = null;
  #bytesAt = 0;

  /** @param prefix of each key */
  constructor(prefix: Buffer, ttlMilliseconds: string, onCommands: OnCommands) {
    this.#onCommands = onCommands;
    const middle = Buffer.from(`\r\n$${ttlMilliseconds.length}\r\n${ttlMilliseconds}\r\n$`);
    const head = Buffer.from(HEAD);
    const [headAt, prefixAt, middleAt, target, starts, batch] = places(this.#exports.freeFrom(), [
      head.length,
      prefix.length,
      middle.length,
      TARGET_BYTES,
      (TARGET_BYTES / SMALLEST_COMMAND) * 4,
    ]) as unknown as Six;
    [this.#target, this.#starts, this.#batch] = [target, starts, batch];
    const exports = this.#exports;
    ensureMemory(exports.memory, batch);
    const memory = Buffer.from(exports.memory.buffer);
    memory.set(head, headAt);
    memory.set(prefix, prefixAt);
    memory.set(middle, middleAt);
    exports.makeTables();
    exports.setCommand(headAt, head.length, prefixAt, prefix.length, middleAt, middle.length);
    exports.setTarget(target, TARGET_BYTES, starts);
  }

  /** See `GroupLane`. It takes no group that is too much for a dump. */
  take(batch: KvBatch, from: BatchPlace): TakenGroups {
    const { fieldSizes } = batch;
    if (fieldSizes === null) return { ...from, keys: 0, values: 0, bytes: 0 };
    if (this.#loaded !== batch) this.#load(batch, fieldSizes);
    let place = from;
    let [keys, values, bytes] = [0, 0, 0];
    for (;;) {
      const [reason, key, row, at, ...made] = this.#restore(place);
      place = { key, row, at: at - this.#bytesAt };
      const [written, commands, newValues, newBytes] = made;
      keys += commands;
      values += newValues;
      bytes += newBytes;
      if (commands > 0) this.#handOut(written, commands);
      if (reason !== IS_FULL || commands === 0) return { ...place, keys, values, bytes };
    }
  }

  #restore({ key, row, at }: BatchPlace): Results {
    const results = this.#exports.restoreHashes(key, row, at + this.#bytesAt);
    return [...new Uint32Array(this.#exports.memory.buffer, results, 8)] as unknown as Results;
  }

  #handOut(bytes: number, commands: number): void {
    const { buffer } = this.#exports.memory;
    this.#onCommands(
      Buffer.from(buffer, this.#target, bytes),
      new Uint32Array(buffer, this.#starts, commands),
    );
  }

  /** Copies a batch into the kernel's memory. */
  #load(batch: KvBatch, fields: Uint32Array): void {
    const { bytes, keys, rows } = batch;
    const arrays = [
      batch.keySizes.subarray(0, keys),
      batch.keyRows.subarray(0, keys),
      fields.subarray(0, rows),
      batch.valueSizes.subarray(0, rows),
      bytes,
    ];
    const [keySizes, keyRows, fieldSizes, valueSizes, bytesAt, end] = places(
      this.#batch,
      arrays.map(({ byteLength }) => byteLength),
    ) as unknown as Six;
    ensureMemory(this.#exports.memory, end);
    const memory = Buffer.from(this.#exports.memory.buffer);
    [keySizes, keyRows, fieldSizes, valueSizes, bytesAt].forEach((at, index) => {
      const { buffer, byteOffset, byteLength } = arrays[index] as Uint32Array | Buffer;
      memory.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    });
    this.#exports.setBatch(keys, keySizes, keyRows, fieldSizes, valueSizes, bytesAt + bytes.length);
    this.#loaded = batch;
    this.#bytesAt = bytesAt;
  }
}

/** Reason, key, row, at, bytes written, commands, values, bytes of texts. */
type Results = readonly [number, number, number, number, number, number, number, number];
type Six = readonly [number, number, number, number, number, number];

/** Where pieces of memory of so many bytes go, one after the other with room between them; and where they end. */
function places(from: number, sizes: readonly number[]): readonly number[] {
  const ends = [align(from)];
  for (const size of sizes) ends.push(align((ends.at(-1) ?? 0) + size + SLACK));
  return ends;
}

function align(address: number): number {
  return Math.ceil(address / 16) * 16;
}
