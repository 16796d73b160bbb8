import { ServeBatchError } from '../../core/errors.ts';
import { formatNumber } from '../../core/text/amounts.ts';
import type { ArrayTask } from './array-task.ts';
import type { Dispatch } from './dispatch-file.ts';

/** Which shards of a dispatch list are meant. */
export type Wanted =
  /** A place in the list, from 0. */
  | { readonly index: number }
  /** A group of it, from 0. */
  | { readonly group: number }
  | { readonly arrayTask: ArrayTask };

/**
 * The numbers of the shards that one task computes. An array may have more tasks than there are groups: those
 * have nothing to do. Throws `USAGE` where somebody asks for what the list does not have. Pure.
 */
export function shardsOfTask(
  { round, groups }: Pick<Dispatch, 'round' | 'groups'>,
  wanted: Wanted,
): readonly number[] {
  if ('arrayTask' in wanted) return groups[wanted.arrayTask.index] ?? [];
  if ('group' in wanted) return groups[wanted.group] ?? outside('group', wanted.group, round, groups.length);
  const shards = groups.flat();
  const shard = shards[wanted.index];
  return shard === undefined ? outside('index', wanted.index, round, shards.length) : [shard];
}

/** Round 0 is no list of its own: all shards of the plan. */
function outside(what: 'group' | 'index', value: number, round: number, length: number): never {
  const owner = round === 0 ? 'the plan' : `dispatch list ${round}`;
  const has = formatNumber(length, what === 'group' ? 'group' : 'shard');
  const hint = length === 0 ? 'There is nothing to compute.' : `Give a number from 0 to ${length - 1}.`;
  throw new ServeBatchError('USAGE', `--${what} is ${value}, but ${owner} has ${has}. ${hint}`, {
    fields: { [what]: value },
  });
}
