import { readdir, readFile, rm } from 'node:fs/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import { beforeAll, describe, expect, it } from 'vitest';
import { createLookup } from '../../src/index.ts';
import type { RunRecord } from '../../src/runs/record/run-record.ts';
import type { CliResult } from '../support/cli.ts';
import { networkGraph } from '../support/networks.ts';
import { onnxFile } from '../support/onnx.ts';
import { makeProject, type Project } from '../support/project.ts';
import { HAS_VULKAN_BUILD, NO_GPU, SOFTWARE_GPU } from '../support/software-gpu.ts';

/** The 7,000 rows of the fixture, by a network that takes 8 columns. */
const job = (model: string, execution = '{}'): string => `
input: fixtures/sales.parquet
model: ${model}
features:
  columns: [price, discount, day, month, size, lag_7, lag_14, mean_28]
  select: |
    SELECT price / 10 AS price, discount, day_of_week / 7 AS day, month / 12 AS month,
      size_sqm / 1000 AS size, lag_7 / 10 AS lag_7, lag_14 / 10 AS lag_14, mean_28 / 10 AS mean_28
    FROM input
kv: {key: "{store}:{product}", field: "{date}"}
execution: ${execution}
`;

let project: Project;

beforeAll(async () => {
  project = await makeProject({
    jobs: {
      network: job('network.onnx'),
      partly: job('partly.onnx'),
      trees: 'model: fixtures/sales-by-column.onnx\ninput: fixtures/sales.parquet\n',
      wrong: job('network.onnx', '{device: webgpu, deviceOptions: {fp16: true}}'),
    },
  });
  await project.write('network.onnx', onnxFile(networkGraph([8, 64, 32, 1])));
  // WebGPU has no kernel for it.
  await project.write('partly.onnx', onnxFile(networkGraph([8, 16, 1], { activation: 'Softsign' })));
});

/** Pairs of predictions of two runs that are further apart than 1e-3 of their size, and how many there are in all. */
async function compare(a: RunRecord, b: RunRecord): Promise<{ pairs: number; apart: number; equal: number }> {
  const parts = ({ output }: RunRecord): string => `read_parquet('${output.path}/parts/*.parquet')`;
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    const reader = await connection.runAndReadAll(
      `SELECT count(*)::INT AS pairs, count(*) FILTER (abs(a.y - b.y) > 1e-3 * abs(a.y) + 1e-5)::INT AS apart,
         count(*) FILTER (a.y = b.y)::INT AS equal
       FROM ${parts(a)} a JOIN ${parts(b)} b USING (store, product, date)`,
    );
    return reader.getRowObjectsJS()[0] as { pairs: number; apart: number; equal: number };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** Drivers are found by the environment that a process starts with. */
function withDrivers(env: Readonly<Record<string, string>>, args: readonly string[]): Promise<CliResult> {
  return project.inOwnProcess(args, { env });
}

async function runWithGpu(args: readonly string[]): Promise<RunRecord> {
  const { code, stdout, stderr } = await withDrivers(SOFTWARE_GPU, ['run', ...args, '--json']);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout);
}

describe.skipIf(!HAS_VULKAN_BUILD)('--device webgpu, on a software driver', () => {
  let gpu: RunRecord;

  it('predicts what the CPU predicts, end to end', async () => {
    const cpu = await project.run(['network', '--device', 'cpu', '--output', project.path('cpu')]);
    gpu = await runWithGpu(['network', '--device', 'webgpu']);
    expect(gpu).toMatchObject({ status: 'published', rowsOut: 7000, rejects: 0, kv: { values: 7000 } });
    const { pairs, apart, equal } = await compare(cpu, gpu);
    expect([pairs, apart]).toEqual([7000, 0]);
    // Where not a bit differs, it was not computed there.
    expect(equal).toBeLessThan(7000);
    const lookup = createLookup({ job: 'network', url: `lmdb:${project.path('out/network/kv')}` });
    const found = await lookup
      .get({ store: 1, product: 1, date: '2026-11-21' })
      .finally(() => lookup.close());
    expect(found).toMatchObject({ run: gpu.runId, value: expect.any(Number) });
  });

  it('is in the record and in the plan of the run, with what can be seen of the adapter', async () => {
    const device = {
      name: 'webgpu',
      options: {},
      adapter: 'SwiftShader (software)',
      cpuNodes: 0,
      passedOver: [],
    };
    const { onnxruntime } = gpu.versions;
    const provider = { provider: 'WebGpuExecutionProvider', providerVersion: onnxruntime };
    expect(gpu.device).toEqual({ ...device, ...provider });
    const plan = JSON.parse(await readFile(`${gpu.output.path}/plan.json`, 'utf8'));
    expect(plan.device).toEqual(device);
  });

  it('is another run than that of the CPU, and done when it is asked for again', async () => {
    const again = await withDrivers(SOFTWARE_GPU, ['run', 'network', '--device', 'webgpu']);
    expect(again.stdout).toContain(`Up to date: run ${gpu.runId} of network`);
    const auto = await runWithGpu(['network']);
    expect(auto.runId).not.toBe(gpu.runId);
    expect(auto.device).toMatchObject({ name: 'cpu', provider: 'CPUExecutionProvider' });
    expect(auto.device?.passedOver).toContainEqual({
      device: 'webgpu',
      why: 'SwiftShader (software) computes on the CPU, only slower',
    });
    const cpu = await project.serveBatch(['run', 'network', '--device', 'cpu']);
    expect(cpu.stdout).toContain(`Up to date: run ${auto.runId} of network`);
  });

  it('a shard of it is not computed where there is no such device', async () => {
    await rm(`${gpu.output.path}/shards`, { recursive: true });
    const plan = `${gpu.output.path}/plan.json`;
    const args = ['shard', '--plan', plan, '--index', '0', '--kv', 'none'];
    const { code, stderr } = await withDrivers(NO_GPU, args);
    expect(code).toBe(3);
    expect(stderr).toMatch(/cannot load .+ on webgpu: .+The run was planned for webgpu.+--no-resume/);
  });

  it('says how many nodes were left to the CPU', async () => {
    const { stdout, code } = await withDrivers(SOFTWARE_GPU, [
      'run',
      'partly',
      '--device',
      'webgpu',
      '--verbose',
    ]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}device +webgpu, SwiftShader \(software\), 1 node left to the CPU$/m);
  });

  it('is taken from the environment, and refused where its driver is missing', async () => {
    const { code, stderr } = await withDrivers({ ...NO_GPU, SERVE_BATCH_DEVICE: 'webgpu' }, [
      'run',
      'network',
      '--force',
    ]);
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /The device webgpu cannot be had: no Vulkan driver is installed\. Install .*libvulkan1/,
    );
  });

  it('a driver that is there and does not work is named', async () => {
    const env = { ...SOFTWARE_GPU, VK_DRIVER_FILES: await writeBrokenDriver() };
    const { code, stderr } = await withDrivers(env, ['run', 'network', '--force', '--device', 'webgpu']);
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /cannot be had: ONNX Runtime cannot load .+ on webgpu: Failed to get a WebGPU adapter/,
    );
  });
});

async function writeBrokenDriver(): Promise<string> {
  const manifest = { file_format_version: '1.0.0', ICD: { library_path: './gone.so', api_version: '1.0.5' } };
  return project.path(await project.write('broken_icd.json', JSON.stringify(manifest)));
}

describe('a device that cannot be had', () => {
  it('cuda: names the library, and how to install it; nothing is begun', async () => {
    const args = ['run', 'network', '--device', 'cuda', '--output', 'none'];
    const { code, stderr, stdout } = await project.serveBatch(args);
    expect([code, stdout]).toEqual([3, '']);
    if (HAS_VULKAN_BUILD) {
      expect(stderr).toContain('The device cuda cannot be had: ');
      expect(stderr).toContain('--onnxruntime-node-install=cuda12');
    }
    expect(await readdir(project.folder)).not.toContain('none');
  });

  it.each([[['run']], [['run', '--dry-run']]])(
    '%j of trees with webgpu says that there is nothing for it',
    async (args) => {
      const all = [...args, 'trees', '--device', 'webgpu', '--output', 'none'];
      const { code, stderr } = await project.serveBatch(all);
      expect(code).toBe(3);
      expect(stderr).toMatch(
        /sales-by-column\.onnx has nothing to compute on webgpu: its trees \(TreeEnsemble/,
      );
      expect(await readdir(project.folder)).not.toContain('none');
    },
  );

  it('another word is a usage error', async () => {
    const { code, stderr } = await project.serveBatch(['run', 'network', '--device', 'gpu']);
    expect(code).toBe(2);
    expect(stderr).toContain('Allowed choices are auto, cpu, cuda, tensorrt, webgpu, directml, coreml');
  });

  it('an option that the device does not take is an error of the job file', async () => {
    const { code, stderr } = await project.serveBatch(['run', 'wrong']);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /execution\.deviceOptions\.fp16 is true; expected an option of webgpu: preferredLayout/,
    );
  });
});
