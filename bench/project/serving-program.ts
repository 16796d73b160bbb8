import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { FIRST_DAY, PRODUCTS } from '../data/sales-sql.ts';
import { JOB } from './project.ts';
import type { ServingAnswer, ServingRequest } from './serving-request.ts';

const run = promisify(execFile);

const ROUNDS = 3;
const SECONDS = 3;
const EARLY_REQUESTS = 100_000;
const POST_KEYS = 500;
/** Linux counts the time of processes in hundredths of a second. */
const TICK_US = 10_000;

interface Server {
  readonly child: ChildProcess;
  readonly url: string;
}

interface Load {
  readonly requests: number;
  readonly perSecond: number;
  readonly cpuUs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Asks the server and the bare one in turn, with wrk: keep-alive, no pipelining. */
async function main({ main, folder, url, stores }: ServingRequest): Promise<ServingAnswer> {
  const scripts = await writeScripts(folder, stores);
  const program = fileURLToPath(new URL('./bare-server.js', import.meta.url));
  const served = await start([main, 'serve', JOB, '--kv', url, '--port', '0'], folder);
  const bare = await start([program, url], folder);
  const begun = performance.now();
  try {
    let requests = 0;
    const ask = async (server: Server, script: string, connections = 32): Promise<Load> => {
      const load = await wrk(server, script, connections);
      if (server === served) requests += load.requests;
      return load;
    };
    for (const server of [served, bare]) await ask(server, scripts.get);
    while (requests < EARLY_REQUESTS) await ask(served, scripts.get);
    const earlyMb = residentMb(served);
    const loads: { readonly served: Load; readonly bare: Load }[] = [];
    for (let round = 0; round < ROUNDS; round++)
      loads.push({ served: await ask(served, scripts.get), bare: await ask(bare, scripts.get) });
    const post = await ask(served, scripts.post, 1);
    const middle = (of: (each: (typeof loads)[number]) => number): number => median(loads.map(of));
    return {
      requests,
      wallSeconds: (performance.now() - begun) / 1000,
      served: middle((each) => each.served.perSecond),
      bare: middle((each) => each.bare.perSecond),
      servedCpuUs: middle((each) => each.served.cpuUs),
      bareCpuUs: middle((each) => each.bare.cpuUs),
      postP50Ms: post.p50Ms,
      postP99Ms: post.p99Ms,
      earlyMb,
      lateMb: residentMb(served),
    };
  } finally {
    for (const { child } of [served, bare]) child.kill('SIGKILL');
  }
}

async function start(args: readonly string[], cwd: string): Promise<Server> {
  const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  for await (const piece of child.stdout) {
    text += piece;
    const url = /Listening on (\S+)\n/.exec(text)?.[1];
    if (url === undefined) continue;
    return { child, url };
  }
  throw new Error(`${args.join(' ')} did not listen: ${text}`);
}

async function writeScripts(folder: string, stores: number): Promise<{ get: string; post: string }> {
  const path = `/v1/jobs/${JOB}/predictions`;
  const get = join(folder, 'get.lua');
  const post = join(folder, 'post.lua');
  await writeFile(
    get,
    `request = function() return wrk.format("GET", "${path}?store="..math.random(1,${stores}).."&product="..math.random(1,${PRODUCTS}).."&date=${FIRST_DAY}") end\n`,
  );
  const keys = Array.from({ length: POST_KEYS }, (_, index) => ({
    store: (index % stores) + 1,
    product: ((index * 7) % PRODUCTS) + 1,
    date: FIRST_DAY,
  }));
  await writeFile(
    post,
    `wrk.method = "POST"\nwrk.path = "${path}"\nwrk.headers["content-type"] = "application/json"\nwrk.body = [[${JSON.stringify({ keys })}]]\n`,
  );
  return { get, post };
}

async function wrk({ url, child }: Server, script: string, connections: number): Promise<Load> {
  const before = cpuTicks(child);
  const args = ['-t1', `-c${connections}`, `-d${SECONDS}s`, '--latency', '-s', script, url];
  const { stdout } = await run('wrk', args);
  const number = (pattern: RegExp): number => Number(pattern.exec(stdout)?.[1] ?? Number.NaN);
  const requests = number(/(\d+) requests in/);
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`Requests failed:\n${stdout}`);
  return {
    requests,
    perSecond: number(/Requests\/sec:\s+([\d.]+)/),
    cpuUs: ((cpuTicks(child) - before) * TICK_US) / requests,
    p50Ms: milliseconds(/50%\s+(\S+)/.exec(stdout)?.[1]),
    p99Ms: milliseconds(/99%\s+(\S+)/.exec(stdout)?.[1]),
  };
}

function milliseconds(text = ''): number {
  const units: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000 };
  const [, value, unit = ''] = /^([\d.]+)(us|ms|s)$/.exec(text) ?? [];
  return Number(value) * (units[unit] ?? Number.NaN);
}

function cpuTicks({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

function residentMb({ child }: Server): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  // Pages of the store's file that were touched are not the server's own.
  return Number(/RssAnon:\s+(\d+)/.exec(status)?.[1]) / 1000;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

process.stdout.write(JSON.stringify(await main(JSON.parse(process.argv[2] ?? '') as ServingRequest)));
