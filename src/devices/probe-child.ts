import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { serializeError } from '../core/errors.ts';
import type { Plan } from '../core/plan.ts';
import { type Answer, differenceOf } from '../inference/compare-answers.ts';
import { type NodePlacement, readPlacement } from '../inference/devices/node-placement.ts';
import { TINY_NETWORK, tinyNetwork } from '../inference/devices/tiny-network.ts';
import { ModelSession, type SessionOptions, type TensorValue } from '../inference/model-session.ts';
import { callRows } from '../shard/call-rows.ts';
import { readFirstRows } from '../shard/first-rows.ts';
import { reachOfPlan } from '../tasks/job-reach.ts';
import { WorkerState } from '../tasks/worker-state.ts';
import type { ProbeMessage, ProbeModel, ProbeRequest, ProbeResult } from './probe-messages.ts';

/**
 * The process that tries a device: it loads the provider, scores some rows there and on the CPU, and
 * compares. A driver that crashes or hangs takes only this process with it.
 */

/** Something to score, and how to open the model that scores it. */
interface Exercise {
  readonly rows: number;
  readonly feeds: ReadonlyMap<string, TensorValue>;
  readonly outputs: readonly string[];
  readonly open: (options: Omit<SessionOptions, 'threads'>) => Promise<ModelSession>;
  /** Null where nobody asks which nodes are left to the CPU. */
  readonly profilePrefix: string | null;
}

async function probe(request: ProbeRequest): Promise<ProbeResult> {
  const state = new WorkerState({ folder: request.model?.temporaryFolder ?? '.', storeUrl: null });
  try {
    const exercise = request.model === null ? tinyExercise() : await modelExercise(state, request.model);
    const device = { name: request.device, options: request.options };
    // First the device: where it cannot be had, that is all there is to say.
    const onDevice = await score(exercise, { device });
    const onCpu = await score(exercise, {});
    return {
      difference: exercise.rows === 0 ? null : differenceOf(onCpu.answers, onDevice.answers),
      rows: exercise.rows,
      cpuMs: onCpu.ms,
      deviceMs: onDevice.ms,
      placement: await placementOf(exercise, device),
    };
  } finally {
    await state.close();
  }
}

/** A profile costs another start of the device: only where something is left to the CPU. */
async function placementOf(
  exercise: Exercise,
  device: NonNullable<SessionOptions['device']>,
): Promise<NodePlacement | null> {
  const { profilePrefix, rows } = exercise;
  if (profilePrefix === null) return null;
  try {
    await (await exercise.open({ device, wholly: true })).close();
    return { nodes: null, cpuNodes: 0 };
  } catch {
    if (rows > 0) await score(exercise, { device, profilePrefix }, 1);
    return readPlacement(profilePrefix);
  }
}

async function score(
  { open, feeds, outputs, rows }: Exercise,
  options: Omit<SessionOptions, 'threads'>,
  calls = 2,
): Promise<{ readonly answers: ReadonlyMap<string, Answer>; readonly ms: number }> {
  const session = await open(options);
  try {
    const types = new Map(session.signature.outputs.map(({ name, elementType }) => [name, elementType]));
    let ms = 0;
    let values: ReadonlyMap<string, TensorValue> = new Map();
    for (let call = 0; call < calls && rows > 0; call++) {
      const start = performance.now();
      values = await session.run(feeds, outputs);
      ms = performance.now() - start;
    }
    const answers = [...values].map(
      ([name, { data }]) => [name, { elementType: types.get(name) ?? 'float32', data }] as const,
    );
    if (options.profilePrefix !== undefined) session.endProfiling();
    return { answers: new Map(answers), ms };
  } finally {
    await session.close();
  }
}

function tinyExercise(): Exercise {
  const { name, inputs, input, output } = TINY_NETWORK;
  const rows = 16;
  const data = Float32Array.from({ length: rows * inputs }, (_, index) => Math.sin(index));
  return {
    rows,
    feeds: new Map([[input, { data, dims: [rows, inputs] }]]),
    outputs: [output],
    open: (options) => ModelSession.openBytes(name, tinyNetwork(), { ...options, threads: 1 }),
    profilePrefix: null,
  };
}

async function modelExercise(state: WorkerState, model: ProbeModel): Promise<Exercise> {
  const { plan, temporaryFolder, memoryLimit } = model;
  const reach = reachOfPlan(plan, { folder: temporaryFolder });
  const database = await state.database(temporaryFolder, memoryLimit, reach);
  const batch = await readFirstRows(database, plan, model.rows);
  const { rows } = batch;
  return {
    rows,
    feeds: rows === 0 ? new Map() : batch.tensors(0, rows, rowsOfCall(plan, rows, model.rows)),
    outputs: plan.output.predictions.map(({ output }) => output),
    open: (options) => ModelSession.open(plan.model.path, { ...options, threads: plan.threads }),
    profilePrefix: join(temporaryFolder, `profile-${randomBytes(8).toString('hex')}`),
  };
}

function rowsOfCall(plan: Plan, rows: number, most: number): number {
  return plan.features.bindings[0]?.fixedRows ?? callRows(0, rows, most).end;
}

process.once('message', (request) => {
  probe(request as ProbeRequest)
    .then(
      (result): ProbeMessage => ({ result }),
      (error): ProbeMessage => ({ error: serializeError(error) }),
    )
    // The answer is sent: whatever the driver does while it is unloaded does not matter any more.
    .then((message) => process.send?.(message, () => process.exit(0)));
});
process.on('SIGINT', () => {});
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
