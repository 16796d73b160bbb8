import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { REPOSITORY } from '../support/cli.ts';

export const PYTHON_DAG = 'deploy/airflow/weekly_forecast.py';
export const SYSTEMD_UNITS = [
  'deploy/systemd/serve-batch.service',
  'deploy/systemd/serve-batch.timer',
  'deploy/systemd/serve-batch-schedule.service',
] as const;

/** A file of the project as text. */
export function readProjectFile(path: string): string {
  return readFileSync(join(REPOSITORY, path), 'utf8');
}

/** The documents of a YAML file; fails where the YAML has a mistake, such as a key that stands twice. */
export function yamlDocuments(path: string): readonly unknown[] {
  return parseAllDocuments(readProjectFile(path)).map((document) => {
    if (document.errors.length > 0) throw new Error(`${path}: ${document.errors.join('; ')}`);
    return document.toJS();
  });
}

/** A value inside YAML data; a name that is missing fails with its path. */
export function at(data: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((value, name, depth) => {
    const inner = isRecord(value) ? value[name] : undefined;
    if (inner === undefined) throw new Error(`There is no ${path.slice(0, depth + 1).join('.')}.`);
    return inner;
  }, data);
}

function isRecord(value: unknown): value is Record<string | number, unknown> {
  return typeof value === 'object' && value !== null;
}

/** The instructions of a Dockerfile, continued lines joined, comments left out. */
export function dockerInstructions(
  path: string,
): readonly { readonly instruction: string; readonly text: string }[] {
  return readProjectFile(path)
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [instruction = '', ...rest] = line.split(/\s+/);
      return { instruction, text: rest.join(' ') };
    });
}

/** The values of a setting of a systemd unit, in their order. */
export function unitValues(path: string, setting: string): readonly string[] {
  return readProjectFile(path)
    .split('\n')
    .filter((line) => line.startsWith(`${setting}=`))
    .map((line) => line.slice(setting.length + 1));
}

/** Seconds of `45`, `45s` or `2m`. */
export function secondsOf(text: string): number {
  const [, number = '', unit] = /^(\d+)(s|m)?$/.exec(text) ?? [];
  if (number === '') throw new Error(`"${text}" is no number of seconds.`);
  return Number(number) * (unit === 'm' ? 60 : 1);
}
