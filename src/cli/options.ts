import { type Command, InvalidArgumentError, Option } from 'commander';
import { durationSeconds } from '../config/fields/duration.ts';
import { ENGINE_CHOICES } from '../core/engine.ts';
import { DEVICE_CHOICES } from '../core/machine/device.ts';

/** An option with its variable: `--shard-rows` is `SERVE_BATCH_SHARD_ROWS`. */
export function option(flags: string, description: string): Option {
  const made = new Option(flags, description);
  const name = made.long?.replace(/^--/, '').replaceAll('-', '_').toUpperCase();
  return made.env(`SERVE_BATCH_${name}`);
}

/** A flag that may be given several times; its variable holds one value. */
export function repeatable(flags: string, description: string): Option {
  return option(flags, `${description} (repeatable)`).argParser(
    (value: string, before: string[] | undefined) => [...(before ?? []), value],
  );
}

export function list(flags: string, description: string): Option {
  return option(flags, description).argParser((value: string) =>
    value
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
  );
}

export function wholeNumber(flags: string, description: string): Option {
  return option(flags, description).argParser((value: string) => {
    const number = Number(value);
    if (!Number.isSafeInteger(number) || number < 1)
      throw new InvalidArgumentError('Expected a whole number, at least 1.');
    return number;
  });
}

export const DEFAULT_GRACE_SECONDS = 30;

/** Seconds; 0 for none. `what` has to finish within them. */
export const graceOption = (what = 'shards'): Option =>
  option(
    '--grace <duration>',
    `how long ${what} may take to finish after Ctrl-C or SIGTERM: 0, 30s, 5m (default: ${DEFAULT_GRACE_SECONDS}s)`,
  ).argParser((value: string) => {
    const seconds = /^0+[smhdw]?$/.test(value) ? 0 : durationSeconds(value);
    if (seconds === undefined) throw new InvalidArgumentError('Expected 0, or a duration such as 30s or 5m.');
    return seconds;
  });

export const batchSizeOption = (): Option =>
  option('--batch-size <n>', 'rows in one model call; auto measures the best size (default: auto)').argParser(
    (value: string) => {
      const number = Number(value);
      if (value !== 'auto' && (!Number.isSafeInteger(number) || number < 1))
        throw new InvalidArgumentError('Expected auto, or a whole number, at least 1.');
      return value === 'auto' ? value : number;
    },
  );

export const deviceOption = (): Option =>
  option(
    '--device <name>',
    "where to compute the model; auto: a device that gives the CPU's predictions and is faster, or the CPU (default: auto)",
  ).choices(DEVICE_CHOICES);

export const engineOption = (): Option =>
  option(
    '--engine <name>',
    'what computes the model on the CPU; auto: the tree engine if it gives the same bits as ONNX Runtime (default: auto)',
  ).choices(ENGINE_CHOICES);

export const outputOption = (): Option =>
  option(
    '-o, --output <path>',
    'the folder of all jobs, s3://, gs:// or az://BUCKET/PREFIX, or one file: NAME.parquet, .csv, .csv.gz or .jsonl (default: the job\'s, or "out")',
  );
export const kvOption = (): Option =>
  option(
    '--kv <url>',
    'the store: lmdb:PATH, redis://..., redis+cluster://..., redis+sentinel://... (rediss for TLS) or none (default: LMDB in the output folder)',
  );
export const queueOption = (): Option =>
  option(
    '--queue <url>',
    'a Redis from which workers take the shards: redis://... or none (default: child processes compute them)',
  );
export const jsonOption = (what: string): Option =>
  option('--json', `print ${what} as JSON on standard output`);
export const verboseOption = (): Option => option('-v, --verbose', 'print everything about the run');
export const debugOption = (): Option => option('--debug', 'log more, and print stack traces');

export function addOptions(command: Command, options: readonly Option[]): Command {
  for (const each of options) command.addOption(each);
  return command;
}

/**
 * A switch whose variable says 0, false, no or nothing is not given; commander itself would take any
 * value for a yes.
 */
export function dropFalseSwitches(command: Command, env: NodeJS.ProcessEnv): void {
  for (const { envVar, required, optional, long, defaultValue } of command.options) {
    if (envVar === undefined || required || optional) continue;
    if (!['', '0', 'false', 'no', 'off'].includes(env[envVar]?.toLowerCase() ?? 'yes')) continue;
    delete env[envVar];
    // A switch that is on by default is switched off by its negation.
    if (defaultValue !== true) continue;
    const negation = command.options.find((each) => each.long === `--no-${long?.slice(2)}`)?.envVar;
    if (negation !== undefined) env[negation] = '1';
  }
  for (const child of command.commands) dropFalseSwitches(child, env);
}
