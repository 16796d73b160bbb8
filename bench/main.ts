import { availableParallelism } from 'node:os';
import { ALL_CASES } from './cases/all-cases.ts';
import type { Bench, BenchCase } from './cases/bench-case.ts';
import { type CaseResult, runCase } from './cases/run-case.ts';
import { DataFolder } from './data/data-folder.ts';
import { rowCountText } from './data/row-count.ts';
import { type BenchOptions, readOptions } from './options.ts';
import { planCases, planText } from './plan.ts';
import { figureLine } from './report/text.ts';

const log = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

async function main(options: BenchOptions): Promise<void> {
  const chosen = chooseCases(options.cases);
  if (options.list) return listCases();
  if (process.platform !== 'linux')
    throw new Error('The benchmark reads /proc, which only Linux has. Run it there, or in a container.');
  const plan = planCases(chosen, options);
  log(planText(plan, options));
  const bench: Bench = {
    data: new DataFolder(options.data, log),
    cores: availableParallelism(),
    rows: options.rows,
    peerRows: options.peerRows,
    runFlags: options.runFlags,
    redis: () => Promise.reject(new Error('not yet')),
    log,
  };
  const results: CaseResult[] = [];
  for (const { benchCase, rows } of plan) {
    log(`\n${benchCase.name}, ${rowCountText(rows)} rows`);
    const result = await runCase(bench, benchCase, { rows, repeat: options.repeat });
    results.push(result);
    for (const figure of result.figures) log(`  ${figureLine(figure)}`);
    if (result.leftOut !== undefined) log(`  left out: ${result.leftOut}`);
    if (result.error !== undefined) log(`  FAILED: ${result.error}`);
  }
  if (results.some(({ error }) => error !== undefined)) process.exitCode = 1;
}

function chooseCases(names: readonly string[]): readonly BenchCase[] {
  const unknown = names.filter((name) => !ALL_CASES.some((each) => each.name === name));
  if (unknown.length > 0)
    throw new Error(
      `There is no case ${unknown.join(', ')}. The cases: ${ALL_CASES.map(({ name }) => name).join(', ')}.`,
    );
  return names.length === 0 ? ALL_CASES : ALL_CASES.filter(({ name }) => names.includes(name));
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
