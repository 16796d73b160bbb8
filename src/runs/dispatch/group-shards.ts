/** How shards are put together: so many in a group, or so many groups. */
export type Grouping = { readonly groupSize: number } | { readonly groups: number };

/**
 * Shards in groups, in order; groups differ by one shard at most. There is no empty group: fewer shards than
 * groups make fewer groups. Pure.
 */
export function groupShards(shards: readonly number[], grouping: Grouping): readonly (readonly number[])[] {
  const wanted = 'groups' in grouping ? grouping.groups : Math.ceil(shards.length / grouping.groupSize);
  const count = Math.min(wanted, shards.length);
  return Array.from({ length: count }, (_, group) =>
    shards.slice(startOf(group, count, shards.length), startOf(group + 1, count, shards.length)),
  );
}

function startOf(group: number, groups: number, shards: number): number {
  return Math.floor((group * shards) / groups);
}
