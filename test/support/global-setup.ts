import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
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

/** The variable with the folder of all projects of a session: this module is loaded anew for each of them. */
const SESSION = 'VITEST_SESSION_FOLDER';
let own: string | undefined;

/** Runs once before all tests of a project. */
export async function setup(project: TestProject): Promise<void> {
  const folder = sessionFolder();
  project.provide('recipes', join(folder, 'recipes'));
  // Nothing of the home of whoever runs the tests is read or written: it may be one that cannot be written.
  process.env.XDG_CACHE_HOME = join(folder, 'cache');
  await ensureRedisServer();
  await ensureSoftwareGpu();
}

export async function teardown(): Promise<void> {
  if (own !== undefined) await rm(own, { recursive: true, force: true });
}

function sessionFolder(): string {
  own = process.env[SESSION] === undefined ? mkdtempSync(join(tmpdir(), 'serve-batch-tests-')) : undefined;
  process.env[SESSION] ??= own;
  return process.env[SESSION] ?? '';
}
