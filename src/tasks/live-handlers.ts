import { existsSync } from 'node:fs';
import { ServeBatchError } from '../core/errors.ts';
import type { Plan } from '../core/plan.ts';
import type { RunPaths } from '../runs/layout.ts';
import { answerLive } from '../shard/live/answer-live.ts';
import { LiveRun } from '../shard/live/live-run.ts';
import { PostedBodies } from '../shard/live/posted-bodies.ts';
import type { Database } from '../source/duckdb/database.ts';
import { openRun } from './open-run.ts';
import type { TaskHandlers } from './task-handler.ts';
import type { LiveTaskName, RunReference } from './tasks.ts';
import type { WorkerState } from './worker-state.ts';

/** Questions to the model of a published run: a worker keeps what it has opened for the next. */
export const LIVE_HANDLERS: TaskHandlers<LiveTaskName> = {
  async 'live-open'(state, { indexesKeys, ...run }) {
    const { live } = await openLive(state, run);
    if (indexesKeys) await live.keys();
    const { plan, features, matrix, takesFeatures } = live;
    const ofModel = takesFeatures ? { features, matrix } : { features: null, matrix: null };
    return { columns: plan.input.columns, ...ofModel };
  },

  async 'live-answer'(state, { questions, ...run }) {
    const { live } = await openLive(state, run);
    return answerLive(live, questions);
  },

  async 'live-post'(state, { body, ...run }) {
    const { posted } = await openLive(state, run);
    return posted.add(body);
  },

  async 'live-score'(state, { post, from, to, ...run }) {
    const { posted } = await openLive(state, run);
    return posted.score(post, from, to);
  },

  async 'live-drop'(state, { post, ...run }) {
    const { posted } = await openLive(state, run);
    await posted.drop(post);
    return null;
  },
};

interface OpenLive {
  readonly live: LiveRun;
  readonly posted: PostedBodies;
}

/** A database is confined to one run, and goes with its worker. */
const OPEN = new WeakMap<Database, Promise<OpenLive>>();

async function openLive(state: WorkerState, reference: RunReference): Promise<OpenLive> {
  const { plan, paths, database } = await openRun(state, reference);
  const known = OPEN.get(database);
  if (known !== undefined) return known;
  const opening = open(state, withKeptInput(plan, paths), paths, database);
  OPEN.set(database, opening);
  // What was in the way may be gone when it is asked again.
  opening.catch(() => OPEN.delete(database));
  return opening;
}

async function open(state: WorkerState, plan: Plan, paths: RunPaths, database: Database): Promise<OpenLive> {
  const live = await LiveRun.open({ database, plan, paths, session: await state.session(plan) });
  return { live, posted: new PostedBodies(live) };
}

/** A copy of an input that is not Parquet is kept, under another name, where the job was to be answered live. */
function withKeptInput(plan: Plan, paths: RunPaths): Plan {
  if (!plan.input.staged || existsSync(paths.staged)) return plan;
  if (existsSync(paths.keptInput)) {
    const files = plan.input.files.map((file) => ({ ...file, path: paths.keptInput }));
    return { ...plan, input: { ...plan.input, files } };
  }
  throw new ServeBatchError(
    'LIVE_UNAVAILABLE',
    `Run ${plan.runId} has not kept the typed copy of its ${plan.input.format} input, which live answers read: it was made before the job had serving.live. Run the job again with --force.`,
    { fields: { runId: plan.runId } },
  );
}
