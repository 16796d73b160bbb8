import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus as processors } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { ServeBatchError } from '../../core/errors.ts';
import { machineLimits } from '../../core/machine/machine-limits.ts';
import type { Plan, PlanVersions } from '../../core/plan.ts';
import type { Machine } from '../batch-sizes-file.ts';
import type { Host, Versions } from './run-record.ts';

/** The versions that decide what a run computes. Nothing native is loaded to find them. */
export function versions(): Versions {
  return {
    serveBatch: ownVersion(),
    node: process.versions.node,
    onnxruntime: packageVersion('onnxruntime-node'),
    duckdb: packageVersion('@duckdb/node-api'),
  };
}

/** Those of them that decide the bytes of a part. */
export function planVersions(): PlanVersions {
  const { serveBatch, onnxruntime, duckdb } = versions();
  return { serveBatch, onnxruntime, duckdb };
}

/** Throws `VERSION_MISMATCH` where this program may compute other bytes than the one that made the plan. */
export function assertPlannedHere({ runId, versions: planned }: Pick<Plan, 'runId' | 'versions'>): void {
  if (planned === undefined) return;
  const own = planVersions();
  const other = (['serveBatch', 'onnxruntime', 'duckdb'] as const).filter(
    (name) => planned[name] !== own[name],
  );
  if (other.length === 0) return;
  const list = other.map((name) => `${NAMES[name]} ${planned[name]}, and this machine has ${own[name]}`);
  throw new ServeBatchError(
    'VERSION_MISMATCH',
    `Run ${runId} was planned with ${list.join('; with ')}. All machines of a run need the same versions: install those of the plan here, or plan the job again.`,
    { fields: { runId } },
  );
}

const NAMES = {
  serveBatch: 'serve-batch',
  onnxruntime: 'onnxruntime-node',
  duckdb: '@duckdb/node-api',
} as const;

export function ownVersion(): string {
  return versionIn(new URL('../../../package.json', import.meta.url));
}

/** Cores and memory as the container limits them. */
export function host(): Host {
  const { cpus, memoryBytes } = machineLimits();
  return { cpus, memoryBytes };
}

/** What decides how fast a model is with batches of some size, besides the model. */
export function machine(): Machine {
  return {
    cpu: processors()[0]?.model.trim() ?? 'unknown',
    cores: machineLimits().cpus,
    onnxruntime: packageVersion('onnxruntime-node'),
  };
}

/** The version of an installed package, from its package.json. */
export function packageVersion(name: string): string {
  return versionIn(packageFile(name));
}

/** Some packages do not export their package.json: it is looked for above the file that they do export. */
function packageFile(name: string): string {
  const { resolve } = createRequire(import.meta.url);
  try {
    return resolve(`${name}/package.json`);
  } catch {
    let folder = dirname(resolve(name));
    while (basename(folder) !== name && folder !== dirname(folder)) folder = dirname(folder);
    return join(folder, 'package.json');
  }
}

function versionIn(path: string | URL): string {
  const { version } = JSON.parse(readFileSync(path, 'utf8')) as { version: string };
  return version;
}
