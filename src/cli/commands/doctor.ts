import { resolve } from 'node:path';
import type { Command } from 'commander';
import { EXIT } from '../../core/errors.ts';
import type { CliContext } from '../context.ts';
import type { Check } from '../doctor/check.ts';
import { addOptions, debugOption, jsonOption, option } from '../options.ts';

interface DoctorFlags {
  readonly kv?: string;
  readonly output?: string;
  readonly schedule?: string;
  readonly queue?: string;
  readonly json?: boolean;
}

export function addDoctorCommand(program: Command, context: CliContext): void {
  const command = program
    .command('doctor')
    .description('Show what this machine can do, and what would prevent a job from running.');
  addOptions(command, [
    option('--kv <url>', 'check this store (default: those of the jobs)'),
    option('-o, --output <path>', 'check this output folder (default: those of the jobs, or "out")'),
    option('--schedule <file>', 'check only whether the scheduler that writes this --alive-file is alive'),
    option('--queue <url>', 'check this queue (default: those of the jobs)'),
    jsonOption('what was found'),
    debugOption(),
  ]);
  command.addHelpText(
    'after',
    '\nExamples:\n  serve-batch doctor                                     check everything that the jobs need\n  serve-batch doctor --kv redis://cache:6379 --json      one store, as JSON',
  );
  command.action((flags: DoctorFlags) => doctorCommand(context, flags));
}

async function doctorCommand(
  context: CliContext,
  { json, schedule, ...options }: DoctorFlags,
): Promise<void> {
  const { verdictOf } = await import('../doctor/verdict.ts');
  const { renderChecks } = await import('../render/render-checks.ts');
  const { systemClock } = await import('../../core/effects.ts');
  const groups =
    schedule === undefined
      ? await (await import('../doctor/examine.ts')).examine(context, options, systemClock)
      : [{ name: 'Schedule', checks: await lookForScheduler(context, schedule) }];
  const verdict = verdictOf(groups);
  const exitCode = verdict?.exitCode ?? EXIT.done;
  if (json === true) context.out(`${JSON.stringify({ exitCode, groups }, null, 2)}\n`);
  else if (context.outColoured !== undefined) context.outColoured(renderChecks(groups, { colour: true }));
  else context.out(renderChecks(groups, { colour: false }));
  if (verdict !== null) throw verdict;
}

async function lookForScheduler({ cwd }: CliContext, file: string): Promise<readonly Check[]> {
  const { checkSchedule } = await import('../doctor/check-schedule.ts');
  const { systemClock } = await import('../../core/effects.ts');
  return checkSchedule(resolve(cwd, file), systemClock);
}
