import { type Log, type LogFields, type Progress, silentLog, silentProgress } from '../../core/effects.ts';
import type { CliContext } from '../context.ts';
import { jsonLog } from './json-log.ts';
import { progressLine } from './progress-line.ts';
import { StateKeeper } from './run-state.ts';

/** Between two redraws of the progress line, in milliseconds. */
const REDRAW_MS = 100;
/** Between two log lines where nobody looks at a terminal, in milliseconds. */
const LOG_MS = 5000;

export interface RunWatch {
  readonly log: Log;
  readonly progress: Progress;
  /** Ends drawing and leaves the terminal clean. */
  readonly stop: () => void;
}

/** Shows a run as it goes: one line on a terminal, JSON lines elsewhere, nothing with `quiet`. */
export function watchRun(
  context: CliContext,
  options: { readonly quiet: boolean; readonly debug: boolean; readonly job: string },
): RunWatch {
  if (options.quiet) return { log: silentLog, progress: silentProgress, stop() {} };
  return context.isTerminal ? watchOnTerminal(context, options.debug) : watchInLog(context, options);
}

function watchOnTerminal(context: CliContext, debug: boolean): RunWatch {
  const keeper = new StateKeeper();
  const clear = (): void => context.err('\r\x1b[2K');
  const draw = (): void =>
    context.err(`\r\x1b[2K${progressLine(keeper.state, process.stderr.columns ?? 80)}`);
  const print = (prefix: string, message: string): void => {
    clear();
    context.err(context.secrets.mask(`${prefix}${message}\n`));
  };
  const timer = setInterval(draw, REDRAW_MS);
  return {
    log: {
      debug: (message, fields) =>
        debug && print('debug: ', `${message} ${fields === undefined ? '' : JSON.stringify(fields)}`),
      info: (message) => print('', message),
      warn: (message) => print('warning: ', message),
      error: (message) => print('error: ', message),
    },
    progress: keeper,
    stop() {
      clearInterval(timer);
      clear();
    },
  };
}

function watchInLog(
  context: CliContext,
  options: { readonly debug: boolean; readonly job: string },
): RunWatch {
  const keeper = new StateKeeper();
  const about = (): LogFields => {
    const { runId } = keeper.state;
    return { job: options.job, ...(runId === undefined ? {} : { runId }) };
  };
  const write = (line: string): void => context.err(context.secrets.mask(line));
  const log = jsonLog({ debug: options.debug, about, write });
  const report = (): void => {
    const {
      stage,
      rowsDone = 0,
      rowsReused = 0,
      rowsTotal,
      shardsDone,
      shardsTotal,
      rejects,
      workers,
      scoringMs,
    } = keeper.state;
    const rowsPerSecond = scoringMs > 0 ? Math.round((rowsDone / scoringMs) * 1000) : 0;
    log.info('progress', {
      stage,
      rows: rowsDone + rowsReused,
      rowsTotal,
      rowsPerSecond,
      shardsDone,
      shardsTotal,
      rejects,
      ...(workers === undefined ? {} : { workers }),
    });
  };
  const timer = setInterval(report, LOG_MS);
  return {
    log,
    progress: keeper,
    stop: () => clearInterval(timer),
  };
}
