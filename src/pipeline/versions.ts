import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus as processors } from 'node:os';
import { machineLimits } from '../core/machine-limits.ts';
import type { Machine } from '../runs/batch-sizes-file.ts';
import type { Host, Versions } from '../runs/run-record.ts';

/** The versions that decide what a run computes. Nothing native is loaded to find them. */
export function versions(): Versions {
  return {
    serveBatch: ownVersion(),
    node: process.versions.node,
    onnxruntime: packageVersion('onnxruntime-node'),
    duckdb: packageVersion('@duckdb/node-api'),
  };
}

export function ownVersion(): string {
  return versionIn(new URL('../../package.json', import.meta.url));
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

function packageVersion(name: string): string {
  return versionIn(createRequire(import.meta.url).resolve(`${name}/package.json`));
}

function versionIn(path: string | URL): string {
  const { version } = JSON.parse(readFileSync(path, 'utf8')) as { version: string };
  return version;
}
