import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type RedisServer, startRedis } from '../../test/support/redis-server.ts';
import { LeftOut } from '../cases/bench-case.ts';

/** A Redis that is started when it is first asked for, and stopped at the end. */
export class OwnRedis {
  #started: Promise<RedisServer> | null = null;

  /** Throws `LeftOut` where the machine has no redis-server. */
  async server(): Promise<RedisServer> {
    this.#started ??= startIfInstalled();
    return this.#started;
  }

  async stop(): Promise<void> {
    const server = await this.#started?.catch(() => null);
    await server?.stop();
  }
}

async function startIfInstalled(): Promise<RedisServer> {
  for (const program of ['redis-server', 'redis-cli']) {
    await promisify(execFile)(program, ['--version']).catch(() => {
      throw new LeftOut(`${program} is not installed`);
    });
  }
  return startRedis();
}
