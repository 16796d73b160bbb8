import { ensureRedisServer } from './redis-server.ts';
import { ensureSoftwareGpu } from './software-gpu.ts';

/** Runs once before all tests. */
export async function setup(): Promise<void> {
  await ensureRedisServer();
  await ensureSoftwareGpu();
}
