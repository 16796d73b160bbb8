import { join, relative } from 'node:path';
import { machineLimits } from '../src/core/machine/machine-limits.ts';
import { ALL_CASES } from './cases/all-cases.ts';
import type { Bench, BenchCase } from './cases/bench-case.ts';
import { SERVE_BATCH_NAME } from './cases/contenders.ts';
import { type CaseResult, runCase } from './cases/run-case.ts';
import { DataFolder } from './data/data-folder.ts';
import { rowCountText } from './data/row-count.ts';
import { type BenchOptions, readOptions } from './options.ts';
import { type PlannedCase, planCases, planText } from './plan.ts';
import { OwnRedis } from './project/own-redis.ts';
import { describeMachine, machineText } from './report/machine.ts';
import { updatePage } from './report/markdown.ts';
import { profileText } from './report/profile.ts';
import { type Report, writeResults } from './report/results-file.ts';
import { figureLine } from './report/text.ts';
import { REPOSITORY } from './repository.ts';

/** The cases whose runs `--profile` takes apart, and those that it measures where none are named. */
const PROFILED = ['trees-parquet', 'small-net-parquet', 'trees-csv', 'trees-redis', 'trees-lmdb'];
const PROFILED_BY_DEFAULT = ['trees-parquet', 'trees-redis', 'trees-lmdb'];

const log = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

async function main(options: BenchOptions): Promise<void> {
  if (options.list) return listCases();
  if (process.platform !== 'linux')
    throw new Error('The benchmark reads /proc, which only Linux has. Run it there, or in a container.');
  const plan = planCases(chooseCases(options), options);
  log(planText(plan, options));
  const redis = new OwnRedis();
  exitOnSignals(() => redis.stop());
  try {
    const report = await measureAll(plan, options, redis);
    log(`\nResults: ${relative(process.cwd(), await writeResults(report, options.data))}`);
    if (options.updateReadme) await updatePage(join(REPOSITORY, 'bench/README.md'), report);
    if (report.cases.some(({ error }) => error !== undefined)) process.exitCode = 1;
  } finally {
    await redis.stop();
  }
}

async function measureAll(
  plan: readonly PlannedCase[],
  options: BenchOptions,
  redis: OwnRedis,
): Promise<Report> {
  const { rows, cases, repeat, peerRows, runFlags } = options;
  const startedAt = new Date();
  const machine = await describeMachine();
  log(`${machineText(machine)}`);
  const data = new DataFolder(options.data, log);
  await data.removeLeftovers();
  const bench: Bench = {
    data,
    cores: machineLimits().cpus,
    rows,
    peerRows,
    runFlags,
    redis: () => redis.server(),
    log,
  };
  const results: CaseResult[] = [];
  for (const { benchCase, rows: rowsOfCase } of plan) {
    log(`\n${benchCase.name}, ${rowCountText(rowsOfCase)} rows`);
    const result = await runCase(bench, benchCase, { rows: rowsOfCase, repeat });
    results.push(result);
    printResult(result, options.profile ? bench.cores : null);
  }
  return {
    startedAt: startedAt.toISOString(),
    seconds: (Date.now() - startedAt.getTime()) / 1000,
    machine,
    options: {
      rows,
      cases: cases.length === 0 && options.profile ? PROFILED_BY_DEFAULT : cases,
      repeat,
      peerRows,
      runFlags,
    },
    cases: results,
  };
}

function printResult(
  { name: caseName, figures, contenders, leftOut, error }: CaseResult,
  profileCores: number | null,
): void {
  for (const figure of figures) log(`  ${figureLine(figure)}`);
  const run = contenders.find(({ name }) => name === SERVE_BATCH_NAME);
  if (profileCores !== null && run !== undefined && PROFILED.includes(caseName))
    log(`\n${profileText(run.summary, profileCores)}`);
  if (leftOut !== undefined) log(`  left out: ${leftOut}`);
  if (error !== undefined) log(`  FAILED: ${error}`);
}

/** Commands under way end with the process: see measure-command.ts. */
function exitOnSignals(release: () => Promise<void>): void {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)
    process.once(signal, () => release().finally(() => process.exit(code)));
}

/** Throws where a name is unknown. */
function chooseCases({ cases, profile }: BenchOptions): readonly BenchCase[] {
  const wanted = cases.length === 0 && profile ? PROFILED_BY_DEFAULT : cases;
  const known = ALL_CASES.map(({ name }) => name);
  const unknown = wanted.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new Error(`There is no case ${unknown.join(', ')}. The cases: ${known.join(', ')}.`);
  return wanted.length === 0 ? ALL_CASES : ALL_CASES.filter(({ name }) => wanted.includes(name));
}

function listCases(): void {
  for (const { name, about } of ALL_CASES) log(`${name.padEnd(20)} ${about}`);
}

try {
  await main(readOptions(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
