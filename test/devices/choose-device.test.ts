import { describe, expect, it } from 'vitest';
import { silentLog } from '../../src/core/effects.ts';
import type { DeviceChoice, GpuDevice } from '../../src/core/machine/device.ts';
import { chooseDevice } from '../../src/devices/choose-device.ts';
import type { ProbeResult } from '../../src/devices/probe-messages.ts';
import type { ProbeOutcome } from '../../src/devices/try-device.ts';
import type { Surroundings } from '../../src/inference/devices/surroundings.ts';
import type { Operator } from '../../src/inference/onnx/onnx-file.ts';
import { driver, H200, machineWith } from '../inference/devices/machine-files.ts';
import { samplePlan } from '../runs/sample-run.ts';

const DENSE: readonly Operator[] = [{ name: 'Gemm', domain: '' }];
const TREES: readonly Operator[] = [{ name: 'TreeEnsembleRegressor', domain: 'ai.onnx.ml' }];
const GOOD: ProbeResult = {
  difference: null,
  rows: 4096,
  cpuMs: 100,
  deviceMs: 1,
  placement: { nodes: null, cpuNodes: 0 },
};
const VULKAN = driver('nvidia_icd.json');
const CUDA = { 'providers/libonnxruntime_providers_cuda.so': '' };

const answers = (changes: Partial<ProbeResult> = {}): ProbeOutcome => ({
  state: 'answered',
  result: { ...GOOD, ...changes },
});

/** Chooses with probes that answer so; tells what was tried, with how many rows, and warned of. */
async function choose(options: {
  readonly here: Surroundings;
  readonly name?: DeviceChoice;
  readonly operators?: readonly Operator[];
  readonly rows?: number;
  readonly probes?: Partial<Record<GpuDevice, ProbeOutcome>>;
}) {
  const tried: [GpuDevice, number][] = [];
  const warnings: string[] = [];
  let readOperators = 0;
  const plan = samplePlan();
  const device = await chooseDevice({
    draft: {
      ...plan,
      input: { ...plan.input, rows: options.rows ?? 20_000 },
      device: { name: options.name ?? 'auto', options: {} },
    },
    here: options.here,
    operators: async () => {
      readOperators++;
      return options.operators ?? DENSE;
    },
    probe: async (each, rows) => {
      tried.push([each, rows]);
      return options.probes?.[each] ?? { state: 'failed', why: 'it was not expected' };
    },
    processes: 4,
    log: { ...silentLog, warn: (message) => warnings.push(message) },
  });
  return { device, tried, warnings, readOperators };
}

describe('auto', () => {
  it('costs nothing where no graphics card can be seen: the model is not even read', async () => {
    const { device, tried, readOperators } = await choose({ here: await machineWith() });
    expect(device).toMatchObject({ name: 'cpu', adapter: null, cpuNodes: null });
    expect(device.passedOver.map((each) => each.device)).toEqual(['cuda', 'tensorrt', 'webgpu']);
    expect([tried, readOperators]).toEqual([[], 0]);
  });

  it('takes the best that works, and says why others were passed over', async () => {
    const here = await machineWith(H200, VULKAN);
    const { device, tried } = await choose({ here, probes: { webgpu: answers() } });
    expect(device).toMatchObject({ name: 'webgpu', adapter: 'NVIDIA H200', cpuNodes: 0 });
    expect(device.passedOver.map((each) => each.device)).toEqual(['cuda', 'tensorrt']);
    expect(tried).toEqual([['webgpu', 4096]]);
  });

  it('takes CUDA before WebGPU, and tries no further', async () => {
    const here = await machineWith(H200, VULKAN, CUDA);
    const { device, tried } = await choose({ here, probes: { cuda: answers(), webgpu: answers() } });
    expect(device).toMatchObject({ name: 'cuda', passedOver: [] });
    expect(tried).toHaveLength(1);
  });

  it('goes on to the next where one crashes', async () => {
    const here = await machineWith(H200, VULKAN, CUDA);
    const crash: ProbeOutcome = { state: 'failed', why: 'the process that tried it ended by SIGSEGV' };
    const { device } = await choose({ here, probes: { cuda: crash, webgpu: answers() } });
    expect(device.name).toBe('webgpu');
    expect(device.passedOver).toContainEqual({ device: 'cuda', why: crash.why });
  });

  it.each<[why: string, outcome: ProbeOutcome, says: string]>([
    ['does not load', { state: 'failed', why: 'no adapter' }, 'no adapter'],
    [
      'gives other predictions',
      answers({ difference: 'its output "y" is 2 where the CPU\'s is 1' }),
      'gives other predictions',
    ],
    ['leaves all to the CPU', answers({ placement: { nodes: 5, cpuNodes: 5 } }), 'no part of the model'],
    ['had no row to answer', answers({ rows: 0 }), 'no row'],
    [
      'is slower than four processes',
      answers({ deviceMs: 26 }),
      'slower than the CPU: 4096 rows took 26.0 ms',
    ],
  ])('stays with the CPU where the device %s', async (_, outcome, says) => {
    const { device } = await choose({ here: await machineWith(H200, VULKAN), probes: { webgpu: outcome } });
    expect(device.name).toBe('cpu');
    expect(device.passedOver.at(-1)).toEqual({ device: 'webgpu', why: expect.stringContaining(says) });
  });

  it('does not try a software driver', async () => {
    const here = await machineWith(H200, driver('vk_swiftshader_icd.json'));
    const { device, tried } = await choose({ here, probes: { webgpu: answers() } });
    expect(device.passedOver.at(-1)?.why).toContain('SwiftShader (software)');
    expect([device.name, tried]).toEqual(['cpu', []]);
  });

  it('tries nothing for a small input', async () => {
    const here = await machineWith(H200, VULKAN);
    const { device, tried } = await choose({ here, rows: 19_999, probes: { webgpu: answers() } });
    expect(device.passedOver.at(-1)?.why).toBe('for 19999 rows it is not worth trying');
    expect([device.name, tried]).toEqual(['cpu', []]);
  });

  it('tries nothing for a model of trees', async () => {
    const { device, tried } = await choose({ here: await machineWith(H200, VULKAN), operators: TREES });
    expect(device.passedOver.at(-1)?.why).toContain('TreeEnsembleRegressor');
    expect([device.name, tried]).toEqual(['cpu', []]);
  });

  it('counts the nodes that are left to the CPU', async () => {
    const probes = { webgpu: answers({ placement: { nodes: 5, cpuNodes: 2 } }) };
    const { device } = await choose({ here: await machineWith(H200, VULKAN), probes });
    expect(device).toMatchObject({ name: 'webgpu', cpuNodes: 2 });
  });
});

describe('a device that is named', () => {
  const NAMED = { name: 'webgpu' } as const;

  it('is taken though it is slow, or software', async () => {
    const here = await machineWith(driver('vk_swiftshader_icd.json'));
    const probes = { webgpu: answers({ deviceMs: 1e6, rows: 64 }) };
    const { device, tried, warnings } = await choose({ here, ...NAMED, probes });
    expect(device).toMatchObject({ name: 'webgpu', adapter: 'SwiftShader (software)', passedOver: [] });
    expect(tried).toEqual([['webgpu', 64]]);
    expect(warnings).toEqual([expect.stringContaining('SwiftShader')]);
  });

  it('is taken with a warning where it gives other predictions', async () => {
    const probes = { webgpu: answers({ difference: 'its output "y" is 2 where the CPU\'s is 1' }) };
    const { device, warnings } = await choose({ here: await machineWith(H200, VULKAN), ...NAMED, probes });
    expect(device.name).toBe('webgpu');
    expect(warnings).toEqual([
      'webgpu gives other predictions than the CPU: its output "y" is 2 where the CPU\'s is 1',
    ]);
  });

  it.each<[why: string, Partial<Parameters<typeof choose>[0]>, says: RegExp]>([
    ['is not installed', { name: 'cuda' }, /^The device cuda cannot be had: the library .+install\.js/],
    [
      'does not load',
      {},
      /^The device webgpu cannot be had: it was not expected\. .*apt-get install libvulkan1/,
    ],
    [
      'has no kernels',
      { operators: TREES },
      /has nothing to compute on webgpu: its trees \(TreeEnsembleRegressor\)/,
    ],
    [
      'gets no node of the model',
      { probes: { webgpu: answers({ placement: { nodes: 5, cpuNodes: 5 } }) } },
      /has nothing to compute on webgpu: all 5 nodes/,
    ],
    ['is of another platform', { name: 'coreml' }, /Here there may be: cpu, cuda, tensorrt, webgpu/],
  ])('is an error where it %s', async (_, changes, says) => {
    const choice = choose({ here: await machineWith(H200, VULKAN), ...NAMED, ...changes });
    await expect(choice).rejects.toMatchObject({ code: 'DEVICE_UNAVAILABLE', exitCode: 3 });
    await expect(choice).rejects.toThrow(says);
  });

  it('cpu asks nothing', async () => {
    const { device, readOperators } = await choose({ here: await machineWith(H200, VULKAN), name: 'cpu' });
    expect(device).toEqual({ name: 'cpu', options: {}, adapter: null, cpuNodes: null, passedOver: [] });
    expect(readOperators).toBe(0);
  });
});
