// A run of many shards over many workers, with failures: the real run's process, queue and records, and made-up
// scoring. Prints what the queue costs a shard. Needs the built program and redis-server.
//   node scripts/simulate-workers.mjs [SHARDS] [WORKERS] [queue|pool]
// With `pool`, the same work by the children of one process, to compare with; nobody is killed then.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const [shardCount = 10_000, workerCount = 100] = process.argv.slice(2, 4).map(Number);
const isPool = process.argv[4] === 'pool';
/** Milliseconds that a shard is at work: evenly between these. */
const WORK_MS = [100, 400];
/** Of attempts: a child dies. Of workers: ended at once while the run is under way, and replaced. */
const DYING_SHARE = 0.02;
const KILLED_WORKERS = isPool ? 0 : Math.floor(workerCount / 10);
const LOCK_MS = 5000;

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = (path) => import(join(root, 'dist', path));
const { queueEngine } = await dist('queue/hand-out.js');
const { LOCAL_ENGINE } = await dist('jobs/run-shards.js');
const { serveQueue } = await dist('queue/queue-worker.js');
const { readPlan } = await dist('runs/plan/plan-file.js');
const { runPaths } = await dist('runs/layout.js');
const { writeShardRecord, readCommittedShards } = await dist('runs/record/shard-record.js');
const { sha256OfFile } = await dist('runs/record/hash-file.js');
const { buildRunRecord } = await dist('runs/record/build-run-record.js');
const { ServeBatchError } = await dist('core/errors.js');
const { silentLog } = await dist('core/effects.js');

const OUTCOME = {
  ...{ status: 'committed', startedAt: new Date(), finishedAt: new Date(), durationSeconds: 1 },
  ...{ firstRowSeconds: null, coverageMin: null, reusedShards: new Set(), outputPath: 'out', kv: null },
  versions: { serveBatch: '0', node: '0', onnxruntime: '0', duckdb: '0' },
  host: { cpus: 1, memoryBytes: 1 },
};

const folder = mkdtempSync(join(tmpdir(), 'serve-batch-simulation-'));
const redis = await startRedis();
try {
  const plan = await makePlan();
  await simulate(plan);
} finally {
  redis.process.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}

async function simulate({ plan, folderOfJob }) {
  const paths = runPaths(folderOfJob, plan.runId);
  const seen = { attempts: 0, died: 0, workMs: 0, doneTwice: 0, committed: new Set() };
  const pool = isPool ? [] : Array.from({ length: workerCount }, () => startWorker(paths, seen));
  const memoryBefore = process.memoryUsage.rss();
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  let killed = 0;
  const records = [];
  const killer = setInterval(() => {
    if (killed >= KILLED_WORKERS || records.length < (shardCount * killed) / (KILLED_WORKERS * 2)) return;
    pool[killed].die();
    pool[killed++] = startWorker(paths, seen);
  }, 50);
  const engine = isPool ? LOCAL_ENGINE : queueEngine(redis.url);
  await engine.compute({
    workers: { run: (_, task) => score(paths, seen, task, new AbortController().signal) },
    ...{ processes: workerCount, onLoads() {} },
    ...{ plan, folderOfJob, shards: plan.shards, retries: 5, log: silentLog, loadStore: false },
    run: { runId: plan.runId, memoryLimit: '1GB' },
    rejectLimit: () => ({ policy: plan.onInvalid, before: 0 }),
    signal: new AbortController().signal,
    onRows() {},
    onShard: (record) => records.push(record),
  });
  clearInterval(killer);
  const wallMs = performance.now() - start;
  const cpu = process.cpuUsage(cpuBefore);
  const memory = process.memoryUsage.rss() - memoryBefore;
  await Promise.all(pool.map((worker) => worker.end()));
  const { ms: readMs, value: again } = await timed(() => readCommittedShards(paths, plan, { verify: false }));
  const { ms: recordMs } = await timed(() => buildRunRecord(plan, again.values(), OUTCOME));
  if (records.length !== shardCount || again.size !== shardCount) throw new Error('shards are missing');
  const bytes = (file) => statSync(file).size;
  const all = readdirSync(dirname(paths.shardRecord(0)));
  const perShard = (ms) => `${(ms / shardCount).toFixed(2)} ms`;
  print({
    'shards, workers, killed workers': `${shardCount}, ${workerCount}, ${killed}`,
    'attempts, of which children died': `${seen.attempts}, ${seen.died}`,
    time: `${(wallMs / 1000).toFixed(1)} s`,
    'made-up work by workers': `${(seen.workMs / workerCount / 1000).toFixed(1)} s`,
    'CPU a shard, all processes but Redis in one': perShard((cpu.user + cpu.system) / 1000),
    'wall-clock overhead a shard': perShard(wallMs - seen.workMs / workerCount),
    'workers at work, of the time': `${((100 * seen.workMs) / (wallMs * workerCount)).toFixed(0)} %`,
    'slots idle or waiting, a shard': perShard(wallMs * workerCount - seen.workMs),
    'memory of all workers and the run, grown by': `${(memory / 2 ** 20).toFixed(0)} MiB`,
    'plan.json': `${(bytes(paths.plan) / 1024).toFixed(0)} kB`,
    'a record': `${bytes(join(dirname(paths.shardRecord(0)), all[0]))} bytes`,
    'all records read again': `${readMs.toFixed(0)} ms`,
    'run record built': `${recordMs.toFixed(0)} ms`,
  });
}

/** A worker of the real kind, whose children are made up. */
function startWorker(paths, seen) {
  const stop = new AbortController();
  const drain = new AbortController();
  const served = serveQueue({
    ...{ url: redis.url, processes: 1, output: null, lockMs: LOCK_MS, log: silentLog },
    ...{ signal: stop.signal, drain: drain.signal },
    startWorkers: () => ({ run: (_, task) => score(paths, seen, task, stop.signal), async close() {} }),
  }).catch((error) => {
    if (!stop.signal.aborted) throw error;
  });
  return {
    die: () => stop.abort(new Error('killed')),
    end: () => {
      drain.abort();
      return served;
    },
  };
}

async function score(paths, seen, { index, attempt, handedOutAt = new Date() }, signal) {
  const startedAt = new Date();
  const ms = WORK_MS[0] + Math.random() * (WORK_MS[1] - WORK_MS[0]);
  seen.attempts++;
  await sleep(ms, undefined, { signal });
  seen.workMs += ms;
  if (Math.random() < DYING_SHARE) {
    seen.died++;
    throw new ServeBatchError('CHILD_DIED', 'made up');
  }
  mkdirSync(dirname(paths.part(index)), { recursive: true });
  writeFileSync(paths.part(index), `part ${index}`);
  const part = {
    file: paths.part(index),
    sha256: await sha256OfFile(paths.part(index)),
    bytes: `part ${index}`.length,
  };
  const record = await writeShardRecord(paths, {
    ...{ index, rowStart: index, rowEnd: index + 1, attempt, rowsIn: 1, rowsOut: 1, rejects: 0, part },
    ...{ rejectsFile: null, seconds: { read: 0, features: 0, infer: 0, write: 0, stage: 0 } },
    batchLatency: { buckets: [], maxMs: 0 },
    ...{ peakMemoryBytes: 0, host: 'made-up', waitSeconds: (startedAt - new Date(handedOutAt)) / 1000 },
    ...{ startedAt: startedAt.toISOString(), finishedAt: new Date().toISOString() },
  });
  return { record, callRows: null, stageSeconds: 0, storeError: null };
}

/** A real plan, with made-up shards of one row. */
async function makePlan() {
  const input = join(root, 'fixtures/sales.parquet');
  const model = join(root, 'fixtures/sales-by-column.onnx');
  const args = [
    'plan',
    '--input',
    input,
    '--model',
    model,
    '--output',
    join(folder, 'out'),
    '--kv',
    'none',
    '--json',
  ];
  const made = JSON.parse(await outputOf(process.execPath, [join(root, 'dist/cli/main.js'), ...args]));
  const plan = JSON.parse(readFileSync(made.plan, 'utf8'));
  plan.input.rows = shardCount;
  plan.shards = Array.from({ length: shardCount }, (_, index) => ({
    index,
    rowStart: index,
    rowEnd: index + 1,
  }));
  writeFileSync(made.plan, `${JSON.stringify(plan, null, 2)}\n`);
  const { ms, value } = await timed(() => readPlan(made.plan));
  process.stdout.write(`plan of ${shardCount} shards read in ${ms.toFixed(0)} ms\n`);
  return { plan: value, folderOfJob: dirname(dirname(dirname(made.plan))) };
}

function outputOf(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (data) => {
      text += data;
    });
    child.on('close', (code) =>
      code === 0 ? resolve(text) : reject(new Error(`${args[1]} ended with ${code}`)),
    );
  });
}

async function startRedis() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder];
  const child = spawn('redis-server', args, { stdio: 'ignore' });
  await sleep(500);
  return { process: child, url: `redis://127.0.0.1:${port}` };
}

async function timed(work) {
  const start = performance.now();
  const value = await work();
  return { ms: performance.now() - start, value };
}

function print(facts) {
  const width = Math.max(...Object.keys(facts).map(({ length }) => length));
  for (const [name, value] of Object.entries(facts))
    process.stdout.write(`${name.padEnd(width)}  ${value}\n`);
}
