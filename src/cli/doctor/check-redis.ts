import { isIP } from 'node:net';
import type { Clock } from '../../core/effects.ts';
import { ServeBatchError } from '../../core/errors.ts';
import { formatNumber } from '../../core/text/amounts.ts';
import { type MasterAnswer, probeCluster } from '../../kv/redis/cluster/probe-cluster.ts';
import { parseRedisAddress, type RedisAddress } from '../../kv/redis/connection/redis-address.ts';
import { PROBE_TIMEOUTS, probeRedis, type RedisAnswer } from '../../kv/redis/probe-redis.ts';
import type { RedisFacts } from '../../kv/redis/redis-facts.ts';
import type { RedisTarget } from '../../kv/redis/redis-url.ts';
import { locatePrimary } from '../../kv/redis/sentinel/locate-primary.ts';
import { formatBytes } from '../render/format.ts';
import { type Check, failure, finding } from './check.ts';

const OLDEST_MAJOR = 6;
const SLOW_MS = 50;
const FORMS = {
  cluster: 'redis+cluster://HOST:PORT',
  sentinel: 'redis+sentinel://HOST:PORT/NAME, with the name of the primary',
} as const;
const NEARLY_FULL = 0.9;

/** Connects, writes, and asks the servers what they are. Throws where they do not answer or refuse. */
export async function checkRedis(
  url: string,
  jobs: readonly string[],
  clock: Clock,
): Promise<readonly Check[]> {
  const address = parseRedisAddress(url);
  const { members } = address;
  if (members.kind === 'cluster')
    return describeCluster(address, await probeCluster({ ...address, members }, jobs, clock));
  if (members.kind === 'server') return describeRedis(address, await probeRedis(address, jobs, clock));
  const primary = await locatePrimary({ ...address, members }, PROBE_TIMEOUTS);
  return [
    describePrimary(address, members.name, primary),
    ...describeRedis(primary, await probeRedis(primary, jobs, clock)),
  ];
}

function describePrimary({ url }: RedisTarget, name: string, { host, port }: RedisTarget): Check {
  return finding('ok', url, `the sentinels name ${host}:${port} as the primary ${name}`, {
    host,
    port,
    name,
  });
}

/** What the answers of a cluster's masters mean; pure. */
export function describeCluster(address: RedisAddress, masters: readonly MasterAnswer[]): readonly Check[] {
  const alone = masters.filter(({ hasReplicas }) => !hasReplicas).map(({ target }) => placeOf(target));
  const facts = { masters: masters.length, withoutReplicas: alone.length };
  const text = `a cluster of ${formatNumber(masters.length, 'master')}`;
  return [
    alone.length === 0
      ? finding('ok', address.url, `${text}, each with a replica`, facts)
      : finding(
          'warn',
          address.url,
          `${text}; nobody takes over from ${alone.join(', ')}: give each a replica`,
          facts,
        ),
    ...masters.flatMap(({ target, ...answer }) =>
      describeRedis({ ...target, url: placeOf(target) }, answer, 'cluster'),
    ),
  ];
}

function placeOf({ host, port }: RedisTarget): string {
  return `${host}:${port}`;
}

/** What an answer means; pure. */
export function describeRedis(
  target: RedisTarget,
  { latencyMs, facts }: RedisAnswer,
  expectedMode = 'standalone',
): readonly Check[] {
  const name = target.url;
  return [
    checkLatency(name, latencyMs),
    checkTls(name, target),
    ...(facts === null
      ? [finding('info', name, 'this user may not ask INFO: version, memory and saving are unknown')]
      : [
          checkVersion(name, facts, expectedMode),
          checkMemoryLimit(name, facts),
          checkPolicy(name, facts),
          checkPersistence(name, facts),
        ]),
  ];
}

function checkLatency(name: string, latencyMs: number): Check {
  const rounded = Number(latencyMs.toPrecision(2));
  const text = `answers, and takes writes in ${rounded} ms`;
  const facts = { latencyMs: rounded };
  return latencyMs < SLOW_MS
    ? finding('ok', name, text, facts)
    : finding('warn', name, `${text}: far away: loading is still quick, but lookups are slow`, facts);
}

function checkTls(name: string, { tls, host }: RedisTarget): Check {
  if (tls !== null) return finding('ok', name, 'TLS', { tls: true });
  const isOwn = host === 'localhost' || (isIP(host) !== 0 && /^(127\.|::1$)/.test(host));
  const text = isOwn
    ? 'no TLS, on this machine'
    : 'no TLS: others on the way can read it (rediss:// has TLS)';
  return finding('info', name, text, { tls: false });
}

function checkVersion(name: string, { version, mode, role }: RedisFacts, expectedMode: string): Check {
  const facts = { version, mode, role };
  if (mode !== expectedMode && (mode === 'cluster' || mode === 'sentinel'))
    return refused(name, `It is a Redis ${mode}: write ${FORMS[mode]}.`, facts);
  if (role === 'slave') return refused(name, 'It is a replica: give the address of the primary.', facts);
  const text = `Redis ${version ?? 'of an unknown version'}`;
  if (version === null || Number.parseInt(version, 10) >= OLDEST_MAJOR)
    return finding('ok', name, text, facts);
  return finding('warn', name, `${text}: it is older than ${OLDEST_MAJOR}, the oldest that is tested`, facts);
}

function refused(name: string, message: string, facts: Check['facts']): Check {
  return failure(name, new ServeBatchError('STORE_REFUSED', message), facts);
}

function checkMemoryLimit(name: string, { maxMemoryBytes, usedMemoryBytes }: RedisFacts): Check {
  const facts = { maxMemoryBytes, usedMemoryBytes };
  const used = usedMemoryBytes === null ? '' : `, ${formatBytes(usedMemoryBytes)} in use`;
  if (maxMemoryBytes === null || maxMemoryBytes === 0)
    return finding('info', name, `no maxmemory${used}`, facts);
  const text = `maxmemory ${formatBytes(maxMemoryBytes)}${used}`;
  if ((usedMemoryBytes ?? 0) < maxMemoryBytes * NEARLY_FULL) return finding('ok', name, text, facts);
  return finding('warn', name, `${text}: nearly full. Raise it, or keep fewer generations (kv.keep)`, facts);
}

function checkPolicy(name: string, { maxMemoryPolicy }: RedisFacts): Check {
  const facts = { maxMemoryPolicy };
  if (maxMemoryPolicy === null) return finding('info', name, 'maxmemory-policy is unknown', facts);
  if (maxMemoryPolicy === 'noeviction') return finding('ok', name, 'maxmemory-policy noeviction', facts);
  return finding(
    'warn',
    name,
    `maxmemory-policy ${maxMemoryPolicy}: it may drop predictions when memory is full. Set noeviction`,
    facts,
  );
}

function checkPersistence(name: string, { hasAppendOnlyFile, snapshots, lastSaveOk }: RedisFacts): Check {
  const facts = { hasAppendOnlyFile, snapshots, lastSaveOk };
  if (!lastSaveOk) return finding('warn', name, 'it could not save to its disk: look into its log', facts);
  const kinds = [
    ...(hasAppendOnlyFile === true ? ['an append-only file'] : []),
    ...(snapshots === true ? ['snapshots'] : []),
  ];
  if (kinds.length > 0) return finding('ok', name, `saves to its disk: ${kinds.join(' and ')}`, facts);
  if (snapshots === null) return finding('info', name, 'whether it saves to its disk is unknown', facts);
  const text = 'saves nothing: after a restart it is empty, until serve-batch publish RUN loads it again';
  return finding('info', name, text, facts);
}
