import { Command } from 'commander';
import { ownVersion } from '../runs/record/versions.ts';
import { addBackfillCommand } from './commands/backfill.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addInspectCommand } from './commands/inspect.ts';
import { addLookupCommand } from './commands/lookup.ts';
import { addPublishCommand, addRollbackCommand } from './commands/publish.ts';
import { addQueryCommand } from './commands/query.ts';
import { addReportCommand } from './commands/report.ts';
import { addRunCommand } from './commands/run.ts';
import { addRunsCommand } from './commands/runs.ts';
import { addScheduleCommand } from './commands/schedule.ts';
import { addShardCommand } from './commands/shard.ts';
import { addTickCommand } from './commands/tick.ts';
import type { CliContext } from './context.ts';

/** The command line. Commands load what they need when they run: `--help` is quick. */
export function buildProgram(context: CliContext): Command {
  const program = new Command('serve-batch')
    .description('Score a table with an ONNX model, into Parquet and a key-value store.')
    .version(ownVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print the help of a command')
    .showSuggestionAfterError()
    .showHelpAfterError('(add --help for the options)')
    .exitOverride()
    .configureOutput({ writeOut: context.out, writeErr: context.err });
  for (const add of [
    addRunCommand,
    addLookupCommand,
    addRunsCommand,
    addQueryCommand,
    addReportCommand,
    addPublishCommand,
    addRollbackCommand,
    addScheduleCommand,
    addTickCommand,
    addBackfillCommand,
    addInspectCommand,
    addShardCommand,
    addDoctorCommand,
  ])
    add(program, context);
  program.addHelpText(
    'after',
    `
Examples:
  serve-batch run --input sales.parquet              score a table with the project's default job
  serve-batch run weekly --dry-run                   show what the job "weekly" would do
  serve-batch lookup sales store=1 product=2 date=2026-11-21
  serve-batch runs ls                                what ran, and what readers see
  serve-batch query "SELECT * FROM runs"              the same, with SQL

Every flag can be given as a variable: --shard-rows is SERVE_BATCH_SHARD_ROWS.
Exit codes: 0 done, 1 unexpected, 2 usage or job file, 3 input or model, 4 not found, 5 too many rejects,
6 locked, 7 store unavailable, 130 and 143 on signals.`,
  );
  return program;
}
