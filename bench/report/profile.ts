import type { Summary } from '../measure/measurement.ts';

/** One line of a profile: core-seconds, of all that the machine had while the command ran. */
export interface ProfileLine {
  readonly name: string;
  readonly coreSeconds: number;
  readonly share: number;
}

const STAGES = ['read', 'features', 'infer', 'write'] as const;

/**
 * Where a run spent cores x wall seconds. The stages are seconds of the child processes within shards;
 * before the first shard begins and after the last one is committed nothing is scored, on any core.
 */
export function profileLines({ wallSeconds, details }: Summary, cores: number): readonly ProfileLine[] {
  const total = wallSeconds * cores;
  const seconds = (name: string): number => Number(details[name] ?? 0);
  const startUp = seconds('firstShardSeconds') * cores;
  const tail = seconds('tailSeconds') * cores;
  const inShards = seconds('shardSeconds');
  const stages = STAGES.map((stage) => [`shards: ${stage}`, seconds(`${stage}Seconds`)] as const);
  const staged = stages.reduce((sum, [, each]) => sum + each, 0);
  const lines: readonly (readonly [string, number])[] = [
    ['start-up, to the first shard', startUp],
    ...stages,
    ['shards: the rest (opening, hashing, committing)', inShards - staged],
    ['between shards: loading their keys, waiting', total - startUp - inShards - tail],
    ['tail, from the last commit: last keys, publishing', tail],
  ];
  return lines.map(([name, coreSeconds]) => ({ name, coreSeconds, share: coreSeconds / total }));
}

/** The profile of a run as text, with what the processors really did. */
export function profileText(summary: Summary, cores: number): string {
  const { wallSeconds, cpuSeconds, details } = summary;
  const total = wallSeconds * cores;
  const row = (name: string, seconds: number): string =>
    `  ${name.padEnd(48)} ${seconds.toFixed(2).padStart(8)} ${`${((100 * seconds) / total).toFixed(1)} %`.padStart(8)}`;
  const cpu = cpuSeconds ?? 0;
  const server = Number(details.serverCpuSeconds ?? 0);
  return [
    `  ${'core-seconds'.padEnd(48)} ${''.padStart(8)} ${'share'.padStart(8)}`,
    ...profileLines(summary, cores).map(({ name, coreSeconds }) => row(name, coreSeconds)),
    row(`in all: ${cores} cores x ${wallSeconds.toFixed(2)} s`, total),
    '',
    row('CPU: serve-batch and its children', cpu),
    ...(server > 0 ? [row('CPU: the Redis server', server)] : []),
    row('CPU: idle, or used by others', total - cpu - server),
    row('loading the store, as the record says (stage)', Number(details.stageSeconds ?? 0)),
    `  first row scored after ${firstRowText(details.firstRowSeconds)}`,
  ].join('\n');
}

function firstRowText(seconds: number | string | null | undefined): string {
  return typeof seconds === 'number' ? `${seconds.toFixed(2)} s` : 'a time that the record does not say';
}
