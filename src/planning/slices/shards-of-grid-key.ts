import type { GridPlan } from '../../core/table.ts';

/** In how many shards of a grid the rows of one key lie. It follows from the order of the dimensions: the first is the slowest. */
export function shardsOfGridKey(
  { dimensions }: Pick<GridPlan, 'dimensions'>,
  key: readonly string[],
  rows: number,
  shardRows: number,
): number {
  const cells = dimensions.reduce((product, { size }) => product * size, 1);
  // A filter leaves some of the combinations out.
  const shardCells = (shardRows * cells) / Math.max(rows, 1);
  let stride = 1;
  let shards = 1;
  for (const { name, size } of dimensions.toReversed()) {
    if (!key.includes(name))
      shards = stride >= shardCells ? shards * size : Math.max(shards, (size * stride) / shardCells);
    stride *= size;
  }
  return shards;
}
