import { ensureRedisServer } from './redis-server.ts';

/** Runs once before all tests. */
export async function setup(): Promise<void> {
  await ensureRedisServer();
}
