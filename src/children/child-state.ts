import { rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DevicePlan } from '../core/device.ts';
import { makeFolder } from '../core/durable-file.ts';
import { ServeBatchError } from '../core/errors.ts';
import type { Plan } from '../core/plan.ts';
import { plannedFor } from '../inference/devices/device-errors.ts';
import { hashModel } from '../inference/hash-model.ts';
import { ModelSession } from '../inference/model-session.ts';
import type { Session } from '../inference/session.ts';
import type { KvStore } from '../kv/store.ts';
import { readPlan } from '../runs/plan/plan-file.ts';
import { Database } from '../source/database.ts';
import { StoreLoads } from './store-loads.ts';

/** What a child keeps between tasks: the plan, a database of one thread, the loaded model, the store. */
export class ChildState {
  #planPath: string | null = null;
  #plan: Plan | null = null;
  #database: Database | null = null;
  #databaseForLoads: Database | null = null;
  #session: { readonly key: string; readonly session: Session } | null = null;
  #store: { readonly url: string; readonly job: string; readonly store: KvStore } | null = null;
  #scratch: string | null = null;
  readonly loads = new StoreLoads();

  async plan(planPath: string): Promise<Plan> {
    if (this.#planPath !== planPath || this.#plan === null) {
      this.#plan = await readPlan(planPath);
      this.#planPath = planPath;
    }
    return this.#plan;
  }

  /** The database for shards. One thread: with several, the same COPY gives different bytes. */
  async database(runTemp: string, memoryLimit: string): Promise<Database> {
    this.#database ??= await Database.open({
      threads: 1,
      memoryLimit,
      temporaryFolder: await this.#scratchFolder(runTemp),
    });
    return this.#database;
  }

  /** The same database for what is done beside a shard. */
  async databaseForLoads(runTemp: string, memoryLimit: string): Promise<Database> {
    this.#databaseForLoads ??= await (await this.database(runTemp, memoryLimit)).connect();
    return this.#databaseForLoads;
  }

  async session(plan: ModelToRun): Promise<Session> {
    const { name, options } = plan.device;
    const key = JSON.stringify([plan.model.sha256, name, options]);
    if (this.#session?.key !== key) {
      await this.#session?.session.close();
      this.#session = null;
      await assertSameModel(plan);
      const session = await openOnDevice(plan);
      this.#session = { key, session };
    }
    return this.#session.session;
  }

  async store(url: string, job: string): Promise<KvStore> {
    if (this.#store?.url !== url || this.#store.job !== job) {
      await this.#store?.store.close();
      // Loaded after the first rows are scored: nothing waits for it before.
      const { openStore } = await import('../kv/open-store.ts');
      this.#store = { url, job, store: openStore({ url, job }) };
    }
    return this.#store.store;
  }

  async close(): Promise<void> {
    await this.#store?.store.close();
    await this.#session?.session.close();
    this.#databaseForLoads?.close();
    this.#database?.close();
    if (this.#scratch === null) return;
    await rm(this.#scratch, { recursive: true, force: true });
    // The last child takes the folder above with it; others are still in it until then.
    await rmdir(dirname(this.#scratch)).catch(() => {});
  }

  async #scratchFolder(runTemp: string): Promise<string> {
    this.#scratch = join(runTemp, String(process.pid));
    await makeFolder(this.#scratch);
    return this.#scratch;
  }
}

/** What a plan says of its model. */
interface ModelToRun {
  readonly model: Pick<Plan['model'], 'path' | 'sha256'>;
  readonly threads: number;
  readonly device: Pick<DevicePlan, 'name' | 'options'>;
}

async function openOnDevice({ model, threads, device }: ModelToRun): Promise<Session> {
  const { name, options } = device;
  if (name === 'cpu') return ModelSession.open(model.path, { threads });
  try {
    // Loaded where there is such a device.
    const { ThreadedSession } = await import('../inference/threaded-session.ts');
    return await ThreadedSession.open(model.path, { threads, device: { name, options } });
  } catch (error) {
    if (!(error instanceof ServeBatchError) || error.code !== 'DEVICE_UNAVAILABLE') throw error;
    throw plannedFor(name, error);
  }
}

/** The model's file may have been replaced since the plan was made. */
async function assertSameModel({ model }: ModelToRun): Promise<void> {
  if ((await hashModel(model.path)) === model.sha256) return;
  throw new ServeBatchError(
    'INPUT_CHANGED',
    `The model ${model.path} changed since the run was planned. Nothing was published. Run the command again: it starts a new run with the new model.`,
    { fields: { model: model.path } },
  );
}
