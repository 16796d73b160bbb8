import { setTimeout as wait } from 'node:timers/promises';
import type { Command } from 'commander';
import { systemClock } from '../../../core/effects.ts';
import { ServeBatchError } from '../../../core/errors.ts';
import { runPaths } from '../../../runs/layout.ts';
import type { FoundRun } from '../../../runs/list/find-run.ts';
import type { CliContext } from '../../context.ts';
import { addOptions, debugOption, jsonOption, option, outputOption } from '../../options.ts';

const FOLLOW_MS = 500;

interface LogsFlags {
  readonly output?: string;
  readonly follow?: boolean;
  readonly json?: boolean;
}

export function addLogsCommand(runs: Command, context: CliContext): void {
  const logs = runs
    .command('logs')
    .description("Show the log of one run, with its child processes' lines.")
    .argument('<run>', 'its id, or the first characters of it');
  addOptions(logs, [
    option('-f, --follow', 'keep printing until the run has ended'),
    outputOption(),
    jsonOption('the lines as they are,'),
    debugOption(),
  ]);
  logs.action((runId: string, flags: LogsFlags) => logsCommand(context, runId, flags));
}

async function logsCommand(context: CliContext, runId: string, flags: LogsFlags): Promise<void> {
  const { placeOfRun } = await import('../../targets/job-place.ts');
  const { LogReader } = await import('../../../history/run-log-lines.ts');
  const { run } = await placeOfRun(context, runId, flags);
  const reader = new LogReader(runPaths(run.folderOfJob, run.runId).log);
  const show = await printer(context, flags.json === true);
  let lines = 0;
  for (;;) {
    // Asked first: what is written before the end is read after it.
    const goesOn = flags.follow === true && (await isRunning(run));
    for (const line of await reader.next()) {
      show(line);
      lines++;
    }
    if (!goesOn) break;
    context.drain.throwIfAborted();
    await wait(FOLLOW_MS, undefined, { signal: context.drain }).catch(() => {});
  }
  if (lines === 0)
    throw new ServeBatchError(
      'NOT_FOUND',
      `Run ${run.runId} has no log: it was made by an earlier version, or nothing has been said of it yet. "serve-batch runs show ${run.runId}" says what is known.`,
      { fields: { runId: run.runId } },
    );
}

async function printer({ out, secrets }: CliContext, isJson: boolean): Promise<(line: string) => void> {
  if (isJson) return (line) => out(`${line}\n`);
  const { renderLogLine } = await import('../../render/render-log-line.ts');
  return (line) => out(secrets.mask(renderLogLine(line)));
}

async function isRunning({ folderOfJob, runId }: FoundRun): Promise<boolean> {
  const { readJobState, readRunSummary } = await import('../../../runs/list/run-summary.ts');
  const state = await readJobState(folderOfJob, systemClock);
  return (
    (await readRunSummary(runPaths(folderOfJob, runId), state)).status === 'running' ||
    state.running === runId
  );
}
