import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { placementOf, readPlacement } from '../../../src/inference/devices/node-placement.ts';
import { temporaryFolder } from '../../support/project.ts';

const event = (name: string, provider: string) => ({
  cat: 'Node',
  name: `${name}_kernel_time`,
  args: { provider, node_index: '1' },
});
const EVENTS = [
  { cat: 'Session', name: 'session_initialization', args: {} },
  event('Gemm', 'WebGpuExecutionProvider'),
  event('Softsign', 'CPUExecutionProvider'),
  event('Gemm', 'WebGpuExecutionProvider'),
  event('Softsign', 'CPUExecutionProvider'),
  event('Last', 'WebGpuExecutionProvider'),
];

it('counts the nodes of a profile, each once however often it was called', () => {
  expect(placementOf(EVENTS)).toEqual({ nodes: 3, cpuNodes: 1 });
});

it.each<[string, unknown]>([
  ['nothing', []],
  ['no list', { cat: 'Node' }],
  ['null events', [null]],
])('knows nothing of %s', (_, events) => {
  expect(placementOf(events)).toBeNull();
});

it('reads and deletes the profile that begins so', async () => {
  const prefix = join(await temporaryFolder(), 'profile-1');
  expect(await readPlacement(prefix)).toBeNull();
  await writeFile(`${prefix}_2026-11-21.json`, JSON.stringify(EVENTS));
  expect(await readPlacement(prefix)).toEqual({ nodes: 3, cpuNodes: 1 });
  expect(await readPlacement(prefix)).toBeNull();
  await writeFile(`${prefix}_2026-11-21.json`, '[{');
  expect(await readPlacement(prefix)).toBeNull();
});
