import { Command, Help, type Option } from 'commander';
import { ownVersion } from '../runs/record/versions.ts';
import { addBackfillCommand } from './commands/backfill.ts';
import { addCompareCommand } from './commands/compare.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addEvaluateCommand } from './commands/evaluate.ts';
import { addInitCommand } from './commands/init.ts';
import { addInspectCommand } from './commands/inspect.ts';
import { addJobsCommand } from './commands/jobs/jobs.ts';
import { addLookupCommand } from './commands/lookup.ts';
import { addFinishCommand } from './commands/machines/finish.ts';
import { addPlanCommand } from './commands/machines/plan.ts';
import { addShardCommand } from './commands/machines/shard.ts';
import { addWorkerCommand } from './commands/machines/worker.ts';
import { addMetricsCommand } from './commands/metrics.ts';
import { addPromoteCommand, addPublishCommand, addRollbackCommand } from './commands/publish.ts';
import { addQueryCommand } from './commands/query.ts';
import { addReportCommand } from './commands/report.ts';
import { addRunCommand } from './commands/run.ts';
import { addRunsCommand } from './commands/runs/runs.ts';
import { addScheduleCommand } from './commands/schedule.ts';
import { addServeCommand } from './commands/serve.ts';
import { addTickCommand } from './commands/tick.ts';
import { addValidateCommand } from './commands/validate.ts';
import { addWhyCommand } from './commands/why.ts';
import type { CliContext } from './context.ts';
import { explainUsage } from './usage-error.ts';

const COMMANDS = [
  ['Begin:', [addInitCommand, addValidateCommand]],
  ['Run:', [addRunCommand, addScheduleCommand, addTickCommand, addBackfillCommand]],
  ['Many machines:', [addWorkerCommand, addPlanCommand, addShardCommand, addFinishCommand]],
  [
    'Look:',
    [
      addLookupCommand,
      addWhyCommand,
      addServeCommand,
      addRunsCommand,
      addQueryCommand,
      addReportCommand,
      addCompareCommand,
      addEvaluateCommand,
      addMetricsCommand,
      addInspectCommand,
    ],
  ],
  ['Operate:', [addJobsCommand, addPublishCommand, addPromoteCommand, addRollbackCommand, addDoctorCommand]],
] as const;

/** Variables are named once, below, instead of beside each flag. */
function describeOption(option: Option): string {
  return new Help().optionDescription(Object.create(option, { envVar: { value: undefined } }));
}

/** The command line. Commands load what they need when they run: `--help` is quick. */
export function buildProgram(context: CliContext): Command {
  const program = new Command('serve-batch')
    .description('Score tables with an ONNX model, on a schedule, into Parquet and a key-value store.')
    .version(ownVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'Print the help of a command.')
    .showSuggestionAfterError()
    .showHelpAfterError('(add --help for the options)')
    .configureHelp({ optionDescription: describeOption })
    .exitOverride()
    .configureOutput({
      writeOut: context.out,
      writeErr: context.err,
      outputError: (text, write) => write(explainUsage(text)),
    });
  for (const [group, adds] of COMMANDS) {
    program.commandsGroup(group);
    for (const add of adds) add(program, context);
  }
  program.addHelpText(
    'after',
    `
Examples:
  serve-batch run --input sales.parquet     score a table with the default job
  serve-batch run weekly --dry-run          show what the job "weekly" would do
  serve-batch lookup sales store=1 product=2 date=2026-11-21
  serve-batch runs ls                       what ran, and what readers see
  serve-batch query "SELECT * FROM runs"    the same, with SQL

Exit codes:
  0 done, 1 unexpected, 2 usage or job file, 3 input or model, 4 not found,
  5 too many rejects or missing rows, 6 locked, 7 store unavailable,
  130 and 143 on signals`,
  );
  program.addHelpText(
    'afterAll',
    '\nEach flag has an environment variable: SERVE_BATCH_SHARD_ROWS sets --shard-rows.',
  );
  return program;
}
