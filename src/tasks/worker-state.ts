import { randomBytes } from 'node:crypto';
import { rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ServeBatchError } from '../core/errors.ts';
import { makeFolder } from '../core/files/durable-file.ts';
import type { Plan } from '../core/plan.ts';
import { hashModel } from '../inference/hash-model.ts';
import type { Session } from '../inference/session.ts';
import { findRecipe } from '../inference/trees/recipe-file.ts';
import { TreeSession } from '../inference/trees/tree-session.ts';
import type { KvStore } from '../kv/store.ts';
import { enginesFolder, type RunPaths, runPaths } from '../runs/layout.ts';
import { readPlan } from '../runs/plan/plan-file.ts';
import { withPathsFrom } from '../runs/plan/plan-paths.ts';
import { CheckedParts } from '../runs/record/checked-parts.ts';
import { Database } from '../source/duckdb/database.ts';
import { comparedHere } from '../tuning/compare-engines.ts';
import { covers, type Reach } from './job-reach.ts';
import { openInRuntime, openTrees, type RuntimeModel } from './open-model.ts';
import { RememberedModel } from './remembered-model.ts';
import { StoreLoads } from './store-loads.ts';
import type { WorkPlace } from './workers.ts';

/** What a worker keeps between the tasks of one job: the plan, a database of one thread, the loaded model, the store. */
export class WorkerState {
  readonly #place: WorkPlace;
  #plan: Plan | null = null;
  #database: { readonly opened: Database; readonly reach: Reach } | null = null;
  #databaseForLoads: Database | null = null;
  #session: { readonly key: string; readonly session: Session } | null = null;
  #store: KvStore | null = null;
  #scratch: string | null = null;
  readonly loads = new StoreLoads();
  readonly checkedParts = new CheckedParts();

  constructor(place: WorkPlace) {
    this.#place = place;
  }

  /** The job's folder, or a temporary one. */
  get folder(): string {
    return this.#place.folder;
  }

  paths(runId: string): RunPaths {
    return runPaths(this.folder, runId);
  }

  async plan(runId: string): Promise<Plan> {
    if (this.#plan?.runId !== runId) {
      const paths = this.paths(runId);
      this.#plan = readFrom(paths, withPathsFrom(await readPlan(paths.plan), process.cwd()));
    }
    return this.#plan;
  }

  /**
   * The database for shards, confined to what the job may reach. One thread: with several, the same COPY gives
   * different bytes.
   */
  async database(runTemp: string, memoryLimit: string, reach: Reach): Promise<Database> {
    if (this.#database !== null && covers(this.#database.reach, reach)) return this.#database.opened;
    await this.loads.settled();
    this.#closeDatabases();
    const temporaryFolder = await this.#scratchFolder(runTemp);
    const opened = await Database.open({ threads: 1, memoryLimit, temporaryFolder });
    if (reach !== null) await opened.confine(reach);
    this.#database = { opened, reach };
    return opened;
  }

  /** The same database for what is done beside a shard. */
  async databaseForLoads(database: Database): Promise<Database> {
    this.#databaseForLoads ??= await database.connect();
    return this.#databaseForLoads;
  }

  #closeDatabases(): void {
    this.#databaseForLoads?.close();
    this.#databaseForLoads = null;
    this.#database?.opened.close();
    this.#database = null;
  }

  /** The model as the plan wants it computed. */
  async session(plan: Plan): Promise<Session> {
    if (plan.engine.name === 'onnxruntime') return this.runtimeSession(plan);
    const key = JSON.stringify([
      plan.model.sha256,
      plan.engine,
      plan.features.bindings,
      plan.output.predictions,
    ]);
    return this.#opened(key, plan, () => openTrees(plan, this.folder));
  }

  /** The model as planning looks at it: in ONNX Runtime, unless it was compiled on this machine before. */
  async planningSession(model: RuntimeModel): Promise<Session> {
    const { path, sha256 } = model.model;
    const known = await findRecipe(enginesFolder(this.folder), sha256, comparedHere());
    if (known === undefined || known.signature === null) return this.runtimeSession(model);
    await assertSameModel(model);
    const outputs = known.recipe.outputs.map(({ name }) => name);
    const trees = await TreeSession.open(path, known.signature, known.recipe);
    return new RememberedModel(trees, outputs, () => this.runtimeSession(model));
  }

  /** The model in ONNX Runtime. */
  async runtimeSession(model: RuntimeModel): Promise<Session> {
    const { name, options } = model.device;
    const key = JSON.stringify([model.model.sha256, name, options]);
    return this.#opened(key, model, () => openInRuntime(model));
  }

  async #opened(
    key: string,
    model: Pick<RuntimeModel, 'model'>,
    open: () => Promise<Session>,
  ): Promise<Session> {
    if (this.#session?.key !== key) {
      await this.#session?.session.close();
      this.#session = null;
      await assertSameModel(model);
      this.#session = { key, session: await open() };
    }
    return this.#session.session;
  }

  /** The store goes on with files that are mapped anew. While this is done, no worker may open them. */
  async unmapStore(): Promise<void> {
    await this.#store?.unmap?.();
  }

  async store(job: string): Promise<KvStore> {
    const { storeUrl } = this.#place;
    if (storeUrl === null) throw new TypeError('This worker was given no store');
    if (this.#store === null) {
      // Loaded after the first rows are scored: nothing waits for it before.
      const { openStore } = await import('../kv/open-store.ts');
      this.#store = openStore({ url: storeUrl, job });
    }
    return this.#store;
  }

  async close(): Promise<void> {
    await this.loads.stop();
    await this.#store?.close();
    await this.#session?.session.close();
    this.#closeDatabases();
    if (this.#scratch === null) return;
    await rm(this.#scratch, { recursive: true, force: true });
    // The last worker takes the folder above with it; others are still in it until then.
    await rmdir(dirname(this.#scratch)).catch(() => {});
  }

  async #scratchFolder(runTemp: string): Promise<string> {
    // Processes of other machines have the same numbers, in containers even mostly.
    this.#scratch = join(runTemp, `${process.pid}-${randomBytes(4).toString('hex')}`);
    await makeFolder(this.#scratch);
    return this.#scratch;
  }
}

/** The plan, with the typed copy of its input where this machine sees it: the job's folder may lie elsewhere. */
export function readFrom(paths: RunPaths, plan: Plan): Plan {
  if (!plan.input.staged) return plan;
  const files = plan.input.files.map((file) => ({ ...file, path: paths.staged }));
  return { ...plan, input: { ...plan.input, files } };
}

/** The model's file may have been replaced since the plan was made. */
async function assertSameModel({ model }: Pick<RuntimeModel, 'model'>): Promise<void> {
  if ((await hashModel(model.path)) === model.sha256) return;
  throw new ServeBatchError(
    'INPUT_CHANGED',
    `The model ${model.path} changed since the run was planned. Nothing was published. Run the command again: it starts a new run with the new model.`,
    { fields: { model: model.path } },
  );
}
