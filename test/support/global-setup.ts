import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { ensureRedisServer } from './redis-server.ts';
import { ensureSoftwareGpu } from './software-gpu.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A folder with the models that tests have compiled: see shared-recipes.ts. */
    readonly recipes?: string;
  }
}

const folders: string[] = [];

/** Runs once before all tests. */
export async function setup(project: TestProject): Promise<void> {
  await ensureRedisServer();
  await ensureSoftwareGpu();
  const folder = await mkdtemp(join(tmpdir(), 'serve-batch-recipes-'));
  folders.push(folder);
  project.provide('recipes', folder);
}

export async function teardown(): Promise<void> {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
}
