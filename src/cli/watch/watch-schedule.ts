import pino from 'pino';
import type { Log, LogFields } from '../../core/effects.ts';
import type { CliContext } from '../context.ts';

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
  const logger = pino(
    { base: null, level: debug ? 'debug' : 'info', timestamp: pino.stdTimeFunctions.isoTime },
    { write: (line: string) => err(secrets.mask(line)) },
  );
  return {
    debug: (message, fields) => logger.debug(fields ?? {}, message),
    info: (message, fields) => logger.info(fields ?? {}, message),
    warn: (message, fields) => logger.warn(fields ?? {}, message),
    error: (message, fields) => logger.error(fields ?? {}, message),
  };
}
