import type { Log, LogFields } from '../../core/effects.ts';
import type { CliContext } from '../context.ts';
import { jsonLog } from './json-log.ts';

/** The log of many jobs: a line for people on a terminal, JSON lines elsewhere. */
export function watchSchedule(context: CliContext, options: { readonly debug: boolean }): Log {
  return context.isTerminal ? logForPeople(context, options.debug) : logAsJson(context, options.debug);
}

function logForPeople({ err, secrets }: CliContext, debug: boolean): Log {
  const print = (mark: string, message: string, { job, occurrence, runId }: LogFields = {}): void => {
    const time = new Date().toISOString().slice(0, 19).replace('T', ' ');
    const about = [job, occurrence, runId].filter((each) => typeof each === 'string').join(' ');
    err(secrets.mask(`${time}  ${mark}${about === '' ? '' : `${about}  `}${message}\n`));
  };
  return {
    debug: (message, fields) => debug && print('debug: ', message, fields),
    info: (message, fields) => print('', message, fields),
    warn: (message, fields) => print('warning: ', message, fields),
    error: (message, fields) => print('error: ', message, fields),
  };
}

function logAsJson({ err, secrets }: CliContext, debug: boolean): Log {
  return jsonLog({ debug, write: (line) => err(secrets.mask(line)) });
}
