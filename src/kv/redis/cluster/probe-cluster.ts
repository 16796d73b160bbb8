import type { Clock } from '../../../core/effects.ts';
import { PROBE_TIMEOUTS, probeServer, type RedisAnswer } from '../probe-redis.ts';
import { RedisKeys } from '../redis-keys.ts';
import type { RedisTarget } from '../redis-url.ts';
import { type ClusterAddress, ClusterConnection } from './cluster-connection.ts';
import { ClusterKeys } from './cluster-keys.ts';
import { ClusterServers } from './cluster-servers.ts';

export interface MasterAnswer extends RedisAnswer {
  readonly target: RedisTarget;
  /** Whether another server may take over from it. */
  readonly hasReplicas: boolean;
}

/**
 * Looks whether every master of a cluster answers and takes all commands of a run for these jobs, and what each says of
 * itself. Throws `STORE_UNAVAILABLE` or `STORE_REFUSED`.
 */
export async function probeCluster(
  address: ClusterAddress,
  jobs: readonly string[],
  clock: Clock,
): Promise<readonly MasterAnswer[]> {
  const cluster = new ClusterConnection(address, PROBE_TIMEOUTS);
  try {
    for (const job of jobs)
      await new ClusterServers(cluster, new RedisKeys(job, { inCluster: true }), job).rehearse();
    const own = new ClusterKeys(jobs[0] ?? '');
    const { masters } = await cluster.map();
    return await Promise.all(
      masters.map(async ({ connection, tag, hasReplicas }) => {
        const answer = await probeServer(connection, own.ping(tag), clock);
        return { ...answer, target: connection.target, hasReplicas };
      }),
    );
  } finally {
    await cluster.close();
  }
}
