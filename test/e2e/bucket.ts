import { createHash } from 'node:crypto';
import type { RunRecord } from '../../src/runs/record/run-record.ts';
import type { ObjectStorage } from '../../src/storage/object-storage.ts';
import { openStorage } from '../../src/storage/open-storage.ts';

/** An output in a bucket, as somebody sees it who knows the storage and docs/output-layout.md alone. */
export class BucketOutput {
  readonly address: string;
  #opened: Promise<ObjectStorage> | undefined;

  constructor(address: string) {
    this.address = address;
  }

  /** Its login is in the environment by then. */
  get #storage(): Promise<ObjectStorage> {
    this.#opened ??= openStorage(this.address);
    return this.#opened;
  }

  /** All keys below a prefix. */
  async keys(prefix = ''): Promise<readonly string[]> {
    const keys: string[] = [];
    for await (const { key } of (await this.#storage).list(prefix)) keys.push(key);
    return keys;
  }

  async bytes(key: string): Promise<Uint8Array> {
    const found = await (await this.#storage).read(key);
    if (found === null) throw new Error(`${this.address} has no ${key}`);
    return found.content;
  }

  async text(key: string): Promise<string> {
    return Buffer.from(await this.bytes(key)).toString('utf8');
  }

  async sha256(key: string): Promise<string> {
    return createHash('sha256')
      .update(await this.bytes(key))
      .digest('hex');
  }

  async put(key: string, text: string): Promise<void> {
    await (await this.#storage).put(key, Buffer.from(text));
  }

  async runs(job = 'sales'): Promise<readonly string[]> {
    const { folders } = await (await this.#storage).listFolder(`${job}/runs`);
    return folders.map((key) => key.split('/').at(-2) ?? '').sort();
  }

  /** The records of committed shards of a run, by name. */
  async shards(runId: string, job = 'sales'): Promise<readonly string[]> {
    return this.keys(`${job}/runs/${runId}/shards/`);
  }

  /** What readers see: the run of the pointer with the highest token. */
  async published(job = 'sales'): Promise<{ readonly runId: string; readonly record: RunRecord } | null> {
    const newest = (await this.keys(`${job}/published/`)).at(-1);
    if (newest === undefined) return null;
    const { runId } = JSON.parse(await this.text(newest)) as { readonly runId: string };
    return { runId, record: JSON.parse(await this.text(`${job}/runs/${runId}/run.json`)) };
  }
}
