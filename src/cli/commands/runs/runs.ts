import type { Command } from 'commander';
import type { CliContext } from '../../context.ts';
import { addLogsCommand } from './runs-logs.ts';
import { addListCommand } from './runs-ls.ts';
import { addOccurrencesCommand } from './runs-occurrences.ts';
import { addPruneCommand } from './runs-prune.ts';
import { addShowCommand } from './runs-show.ts';

export function addRunsCommand(program: Command, context: CliContext): void {
  const runs = program.command('runs').description('Show what ran, and what readers see.');
  addListCommand(runs, context);
  addShowCommand(runs, context);
  addLogsCommand(runs, context);
  addOccurrencesCommand(runs, context);
  addPruneCommand(runs, context);
}
