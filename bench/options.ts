import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { parseRowCount } from './data/row-count.ts';
import { REPOSITORY } from './repository.ts';

export interface BenchOptions {
  /** Ascending. */
  readonly rows: readonly number[];
  /** Names of cases; empty for all. */
  readonly cases: readonly string[];
  readonly repeat: number;
  readonly data: string;
  readonly peerRows: number;
  readonly runFlags: readonly string[];
  readonly profile: boolean;
  readonly list: boolean;
  readonly updateReadme: boolean;
}

/** Reads the command line; ends the process with help or with what is wrong, as commander does. */
export function readOptions(argv: readonly string[]): BenchOptions {
  const program = new Command('npm run bench --')
    .description('Measures serve-batch beside its limits and its peers. Linux only.')
    .option('--rows <list>', 'rows of the tables, such as 700k,7M; up to 70M', rowCounts, [7_000_000])
    .option('--cases <list>', 'names of cases (see --list)', names, [])
    .option('--repeat <n>', 'rounds; the figures are medians over them', wholeNumber, 3)
    .option('--data <folder>', 'where tables and models are kept', join(REPOSITORY, 'bench/.data'))
    .option('--peer-rows <n>', 'rows for the peers', rowCount, 200_000)
    .option('--run-flags <flags>', 'more flags for serve-batch run, separated by spaces', words, [])
    .option('--profile', 'where the time goes, stage by stage', false)
    .option('--list', 'list the cases, and stop', false)
    .option('--update-readme', 'put the results into bench/README.md', false);
  return program.parse([...argv], { from: 'user' }).opts<BenchOptions>();
}

function names(text: string): readonly string[] {
  return text.split(',').map((name) => name.trim());
}

function words(text: string): readonly string[] {
  return text.split(' ').filter((word) => word !== '');
}

function rowCounts(text: string): readonly number[] {
  return names(text)
    .map(rowCount)
    .sort((a, b) => a - b);
}

function rowCount(text: string): number {
  try {
    return parseRowCount(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1)
    throw new InvalidArgumentError('Expected a whole number, at least 1.');
  return number;
}
