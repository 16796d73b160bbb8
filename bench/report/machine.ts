import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { machineLimits } from '../../src/core/machine/machine-limits.ts';
import { REPOSITORY } from '../repository.ts';

/** Where a benchmark ran, and with which versions. Names nobody's machine. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly node: string;
  readonly duckdb: string;
  readonly onnxruntime: string;
  /** Null where it is not installed. */
  readonly redis: string | null;
}

export async function describeMachine(): Promise<Machine> {
  const limits = machineLimits();
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: limits.cpus,
    memoryBytes: limits.memoryBytes,
    kernel: `${process.platform} ${/^\d+\.\d+(\.\d+)?/.exec(release())?.[0] ?? ''} ${process.arch}`,
    node: process.versions.node,
    duckdb: await packageVersion('@duckdb/node-api'),
    onnxruntime: await packageVersion('onnxruntime-node'),
    redis: await redisVersion(),
  };
}

export function machineText(machine: Machine): string {
  const { processor, cores, memoryBytes, kernel, node, duckdb, onnxruntime, redis } = machine;
  return [
    `${processor}, ${cores} cores, ${Math.round(memoryBytes / 2 ** 30)} GiB`,
    kernel,
    `Node ${node}`,
    `DuckDB ${duckdb}`,
    `ONNX Runtime ${onnxruntime}`,
    redis === null ? 'no Redis' : `Redis ${redis}`,
  ].join('; ');
}

async function packageVersion(name: string): Promise<string> {
  const text = await readFile(join(REPOSITORY, 'node_modules', name, 'package.json'), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}

async function redisVersion(): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)('redis-server', ['--version']);
    return /v=(\S+)/.exec(stdout)?.[1] ?? null;
  } catch {
    return null;
  }
}
