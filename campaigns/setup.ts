import { ensureRedisServer } from '../test/support/redis-server.ts';

/** Runs once before a campaign. */
export async function setup(): Promise<void> {
  await ensureRedisServer();
}
