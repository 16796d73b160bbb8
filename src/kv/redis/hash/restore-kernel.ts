import { type KernelExports, KernelMemory, WasmKernel } from '../../../core/machine/wasm-kernel.ts';
import type { BatchPlace } from '../../group-rows.ts';
import type { KvBatch } from '../../store.ts';
import type { TakenGroups } from '../redis-commands.ts';
import { MODULE_BASE64 } from './restore-hashes-wasm.ts';

/** Of the commands that are made at once. */
const TARGET_BYTES = 256 * 1024;
/** No RESTORE has fewer. */
const SMALLEST_COMMAND = 64;
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

/** One instance for the process, lent for one call at a time: what stands in it is that of the last to have it. */
let instance: RestoreExports | null = null;
let lastUser: RestoreKernel | null = null;

/** Gets commands, each from its place in `starts` on. Both are valid during the call. */
type OnCommands = (commands: Buffer, starts: Uint32Array) => void;

/**
 * RESTORE commands of many hashes, made in WebAssembly of a batch as it is: byte for byte those that dumped-hash.ts
 * makes of one group after the other, in a fraction of the time.
 */
export class RestoreKernel {
  readonly #prefix: Buffer;
  readonly #ttlMilliseconds: string;
  readonly #onCommands: OnCommands;
  #target = 0;
  #starts = 0;
  /** Where batches go. */
  #batch = 0;
  /** The one that was put there last. */
  #loaded: KvBatch | null = null;
  #bytesAt = 0;

  /** @param prefix of each key */
  constructor(prefix: Buffer, ttlMilliseconds: string, onCommands: OnCommands) {
    this.#prefix = prefix;
    this.#ttlMilliseconds = ttlMilliseconds;
    this.#onCommands = onCommands;
  }

  /** See `GroupLane`. It takes no group that is too much for a dump. */
  take(batch: KvBatch, from: BatchPlace): TakenGroups {
    const { fieldSizes } = batch;
    let place = from;
    let [keys, values, bytes] = [0, 0, 0];
    if (fieldSizes === null) return { ...from, keys, values, bytes };
    const exports = this.#lent();
    if (this.#loaded !== batch) this.#load(exports, batch, fieldSizes);
    for (;;) {
      const [reason, key, row, at, ...made] = this.#restore(exports, place);
      place = { key, row, at: at - this.#bytesAt };
      const [written, commands, newValues, newBytes] = made;
      keys += commands;
      values += newValues;
      bytes += newBytes;
      if (commands > 0) this.#handOut(exports, written, commands);
      if (reason !== IS_FULL || commands === 0) return { ...place, keys, values, bytes };
    }
  }

  /** The instance, with what is common to all commands in its memory. */
  #lent(): RestoreExports {
    instance ??= KERNEL.take();
    if (lastUser !== this) {
      this.#setUp(instance);
      this.#loaded = null;
    }
    lastUser = this;
    return instance;
  }

  #setUp(exports: RestoreExports): void {
    const memory = new KernelMemory(exports.memory, exports.freeFrom());
    const [head, middle] = [
      HEAD,
      `\r\n$${this.#ttlMilliseconds.length}\r\n${this.#ttlMilliseconds}\r\n$`,
    ].map((text) => Buffer.from(text)) as [Buffer, Buffer];
    const put = (text: Buffer): [at: number, bytes: number] => {
      const at = memory.take(text.length);
      Buffer.from(exports.memory.buffer).set(text, at);
      return [at, text.length];
    };
    this.#target = memory.take(TARGET_BYTES);
    this.#starts = memory.take((TARGET_BYTES / SMALLEST_COMMAND) * 4);
    exports.makeTables();
    exports.setCommand(...put(head), ...put(this.#prefix), ...put(middle));
    exports.setTarget(this.#target, TARGET_BYTES, this.#starts);
    this.#batch = memory.end;
  }

  #restore(exports: RestoreExports, { key, row, at }: BatchPlace): Results {
    const results = exports.restoreHashes(key, row, at + this.#bytesAt);
    return [...new Uint32Array(exports.memory.buffer, results, 8)] as unknown as Results;
  }

  #handOut({ memory: { buffer } }: RestoreExports, bytes: number, commands: number): void {
    this.#onCommands(
      Buffer.from(buffer, this.#target, bytes),
      new Uint32Array(buffer, this.#starts, commands),
    );
  }

  /** Copies a batch into the kernel's memory. */
  #load(exports: RestoreExports, batch: KvBatch, fields: Uint32Array): void {
    const { bytes, keys, rows } = batch;
    const arrays = [
      batch.keySizes.subarray(0, keys),
      batch.keyRows.subarray(0, keys),
      fields.subarray(0, rows),
      batch.valueSizes.subarray(0, rows),
      bytes,
    ];
    const free = new KernelMemory(exports.memory, this.#batch);
    const places = arrays.map(({ byteLength }) => free.take(byteLength)) as Five;
    const memory = Buffer.from(exports.memory.buffer);
    arrays.forEach(({ buffer, byteOffset, byteLength }, index) => {
      memory.set(new Uint8Array(buffer, byteOffset, byteLength), places[index]);
    });
    const [keySizes, keyRows, fieldSizes, valueSizes, bytesAt] = places;
    exports.setBatch(keys, keySizes, keyRows, fieldSizes, valueSizes, bytesAt + bytes.length);
    this.#loaded = batch;
    this.#bytesAt = bytesAt;
  }
}

/** Reason, key, row, at, bytes written, commands, values, bytes of texts. */
type Results = readonly [number, number, number, number, number, number, number, number];
type Five = [number, number, number, number, number];
