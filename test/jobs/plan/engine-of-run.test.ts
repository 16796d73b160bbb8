import { expect, it } from 'vitest';
import { DEFAULT_EXECUTION } from '../../../src/config/sections/execution.ts';
import { type EngineChoice, type EnginePlan, ONNX_RUNTIME, TREES } from '../../../src/core/engine.ts';
import { ServeBatchError } from '../../../src/core/errors.ts';
import { CPU } from '../../../src/core/machine/device.ts';
import { chooseEngine, type EngineRequest, isOnWantedEngine } from '../../../src/jobs/plan/engine-of-run.ts';
import type { RunSummary } from '../../../src/runs/list/run-summary.ts';
import { samplePlan } from '../../runs/sample-run.ts';

const by = (engine: EnginePlan) => ({ plan: { engine } }) as RunSummary;
const wants = (engine: EngineChoice) => ({ execution: { ...DEFAULT_EXECUTION, engine } });
const OLD: EnginePlan = { ...TREES, version: 'an earlier one' };

it.each<[EngineChoice, EnginePlan, boolean]>([
  ['auto', ONNX_RUNTIME, true],
  ['auto', TREES, true],
  ['auto', OLD, false],
  ['onnxruntime', ONNX_RUNTIME, true],
  ['onnxruntime', TREES, false],
  ['trees', TREES, true],
  ['trees', OLD, false],
  ['trees', ONNX_RUNTIME, false],
])('who wants %s takes a run of %j: %j', (wanted, engine, expected) => {
  expect(isOnWantedEngine(by(engine), wants(wanted))).toBe(expected);
});

it('a run that does not say its engine was computed by ONNX Runtime', () => {
  const old = { plan: undefined, record: undefined } as RunSummary;
  expect(isOnWantedEngine(old, wants('onnxruntime'))).toBe(true);
  expect(isOnWantedEngine(old, wants('trees'))).toBe(false);
});

function request(engine: EngineChoice, change: Partial<EngineRequest> = {}): EngineRequest {
  return {
    draft: { ...samplePlan(), engine },
    device: CPU,
    compare: async () => TREES,
    signal: new AbortController().signal,
    ...change,
  };
}

const never = (): never => {
  throw new Error('not compared');
};

it('nothing is compared where ONNX Runtime is asked for', async () => {
  expect(await chooseEngine(request('onnxruntime', { compare: never }))).toEqual(ONNX_RUNTIME);
});

it('auto and trees take the trees where they answer alike', async () => {
  expect(await chooseEngine(request('auto'))).toEqual(TREES);
  expect(await chooseEngine(request('trees'))).toEqual(TREES);
});

it('a GPU, and calls of several threads, are left to ONNX Runtime', async () => {
  const onGpu = request('auto', { device: { ...CPU, name: 'webgpu' }, compare: never });
  expect(await chooseEngine(onGpu)).toMatchObject({
    name: 'onnxruntime',
    why: 'the model is computed on webgpu',
  });
  const draft = { ...samplePlan(), engine: 'auto', threads: 2 } as const;
  expect(await chooseEngine(request('auto', { draft, compare: never }))).toMatchObject({
    name: 'onnxruntime',
    why: 'a call has 2 threads',
  });
});

it('a model that the trees cannot take: auto says why, and trees ends the run', async () => {
  const refused: EnginePlan = { ...ONNX_RUNTIME, why: 'it has no tree ensemble' };
  const compare = async (): Promise<EnginePlan> => refused;
  expect(await chooseEngine(request('auto', { compare }))).toEqual(refused);
  await expect(chooseEngine(request('trees', { compare }))).rejects.toMatchObject({
    code: 'ENGINE_UNAVAILABLE',
    message: expect.stringContaining('it has no tree ensemble'),
  });
});

it('a child that dies while it compares costs the trees, not the run', async () => {
  const compare = async (): Promise<never> => {
    throw new ServeBatchError('CHILD_DIED', 'The child process 1 was ended by SIGSEGV.');
  };
  expect(await chooseEngine(request('auto', { compare }))).toMatchObject({
    name: 'onnxruntime',
    why: expect.stringContaining('SIGSEGV'),
  });
});
