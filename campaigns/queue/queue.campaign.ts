import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunRecord } from '../../src/runs/record/run-record.ts';
import type { CliResult, RunningCli } from '../../test/support/cli.ts';
import { expectGoldenStore } from '../../test/support/golden.ts';
import { makeProject, type Project, temporaryFolder } from '../../test/support/project.ts';
import { type RedisServer, startRedis } from '../../test/support/redis-server.ts';
import { seededRandom } from '../../test/support/seeded-random.ts';
import { makeNetwork, type OwnNetwork } from './partition.ts';
import { type CampaignWorker, endWorker, LOCK_SECONDS, startWorker } from './workers.ts';

const STRIKES = Number(process.env.QUEUE_STRIKES ?? 100);
const SEED = Number(process.env.QUEUE_SEED ?? 1);
const SHARD_ROWS = 20;
const SHARDS = 350;
/** Longer than a lock: others have the shard by then. */
const AWAY_MS = LOCK_SECONDS * 1000 + 2500;

const VICTIMS = ['worker', 'coordinator', 'redis', 'stopped worker', 'partition'] as const;
type Victim = (typeof VICTIMS)[number];

const random = seededRandom(SEED);
const struck = new Map<Victim, number>();
let network: OwnNetwork;
let queue: RedisServer;
let store: RedisServer;
/** The first one is behind the cable. */
let workers: CampaignWorker[];
let home: string;
let local: readonly string[];

beforeAll(async () => {
  network = await makeNetwork();
  home = await temporaryFolder();
  queue = await startRedis({ args: ['--bind', '127.0.0.1', network.host, '--protected-mode', 'no'] });
  store = await startRedis();
  local = hashes(await (await makeProject()).run(['--shard-rows', String(SHARD_ROWS)]));
  workers = [
    await startWorker(`redis://${network.host}:${queue.port}`, home, network.prefix),
    await startWorker(queue.url, home),
    await startWorker(queue.url, home),
  ];
});
afterAll(async () => {
  for (const worker of workers ?? []) worker.signal('SIGKILL');
  await queue?.stop();
  await store?.stop();
  await network?.remove();
});

const hashes = ({ output }: RunRecord): string[] => output.parts.map(({ sha256 }) => sha256);

it(`nothing is lost or published twice by ${STRIKES} strikes, and the bytes are those of one machine`, async () => {
  let rounds = 0;
  let strikes = 0;
  let commands = 0;
  while (strikes < STRIKES) {
    const project = await makeProject();
    await store.cli('FLUSHALL');
    const flips = await watchFlips(store.url);
    const args = [
      'run',
      '--json',
      '--shard-rows',
      String(SHARD_ROWS),
      '--kv',
      store.url,
      '--queue',
      queue.url,
    ];
    for (;;) {
      const command = project.start(args, { ownGroup: true });
      commands++;
      const before = strikes;
      const result = await strikeUntilOver(command, () => strikes++);
      if (result.code === 0) {
        await expectWhole(project, JSON.parse(result.stdout) as RunRecord, await flips.stop());
        break;
      }
      expect(`${result.signal} ${result.stderr}`).toMatch(/^SIGKILL/);
      expect(strikes).toBeGreaterThan(before);
    }
    rounds++;
    process.stdout.write(`${strikes} strikes, ${rounds} runs, ${commands} commands\n`);
  }
  for (const worker of workers) expect(await endWorker(worker)).toBe(0);
  const kinds = VICTIMS.map((victim) => `${victim} ${struck.get(victim) ?? 0}`).join(', ');
  process.stdout.write(
    `seed ${SEED}: ${strikes} strikes (${kinds}) in ${rounds} runs and ${commands} commands\n`,
  );
});

/** Strikes at random instants as long as the command goes on. */
async function strikeUntilOver(command: RunningCli, onStrike: () => void): Promise<CliResult> {
  let isOver = false;
  const over = command.result.finally(() => {
    isOver = true;
  });
  for (;;) {
    await Promise.race([over, sleep(200 + random() * 2500)]);
    if (isOver) return await over;
    const victim = VICTIMS[Math.floor(random() * VICTIMS.length)] ?? 'worker';
    struck.set(victim, (struck.get(victim) ?? 0) + 1);
    onStrike();
    await strike(victim, command);
  }
}

async function strike(victim: Victim, command: RunningCli): Promise<void> {
  const index = Math.floor(random() * workers.length);
  const worker = workers[index];
  if (worker === undefined) throw new Error('there are no workers');
  switch (victim) {
    case 'worker': {
      worker.signal('SIGKILL');
      const where = index === 0 ? network.host : '127.0.0.1';
      workers[index] = await startWorker(
        `redis://${where}:${queue.port}`,
        home,
        index === 0 ? network.prefix : [],
      );
      return;
    }
    case 'coordinator':
      process.kill(-command.pid, 'SIGKILL');
      return;
    case 'redis':
      await queue.restart();
      return;
    case 'stopped worker':
      worker.signal('SIGSTOP');
      await sleep(AWAY_MS);
      worker.signal('SIGCONT');
      return;
    case 'partition':
      await network.cut();
      await sleep(AWAY_MS);
      await network.mend();
      return;
  }
}

async function expectWhole(project: Project, record: RunRecord, shown: readonly string[]): Promise<void> {
  expect(record).toMatchObject({ status: 'published', rowsOut: 7000, shards: { total: SHARDS } });
  expect(hashes(record)).toEqual(local);
  const records = readdirSync(project.path('out/sales/runs', record.runId, 'shards'));
  expect(records.filter((name) => /^\d+\.json$/.test(name))).toHaveLength(SHARDS);
  // A coordinator that was struck right after the flip has it done again, for the same run.
  expect([...new Set(shown)]).toEqual([record.runId]);
  expect((await project.published())?.runId).toBe(record.runId);
  await expectGoldenStore('sales', record.kv?.url ?? '', record.runId);
}

/** The generations that readers of a store are shown, one after the other. */
async function watchFlips(url: string): Promise<{ stop(): Promise<readonly string[]> }> {
  const client = new Redis(url);
  const monitor = await client.monitor();
  const shown: string[] = [];
  monitor.on('monitor', (_time: string, args: readonly string[]) => {
    if (/^set$/i.test(args[0] ?? '') && args[1] === 'sales:current') shown.push(args[2] ?? '');
  });
  return {
    stop: async () => {
      // What was carried out before is told before the answer of the store's own readers.
      await client.echo('end');
      await sleep(100);
      monitor.disconnect();
      client.disconnect();
      return shown;
    },
  };
}
