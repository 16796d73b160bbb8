import type { Log, LogFields } from '../../core/effects.ts';
import { LOG_LEVELS } from '../../runs/run-log.ts';

type Level = keyof typeof LOG_LEVELS;

export interface JsonLogOptions {
  readonly debug: boolean;
  /** Stands in every line. */
  readonly about?: () => LogFields;
  readonly write: (line: string) => void;
}

/** A log of JSON lines, with the levels of pino, for programs that read them. */
export function jsonLog({ debug, about, write }: JsonLogOptions): Log {
  const say =
    (level: Level) =>
    (message: string, fields?: LogFields): void => {
      if (level === 'debug' && !debug) return;
      const time = new Date().toISOString();
      const line = { level: LOG_LEVELS[level], time, ...about?.(), ...fields, msg: message };
      write(`${JSON.stringify(line)}\n`);
    };
  return { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') };
}
