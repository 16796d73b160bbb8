import { ServeBatchError } from '../../core/errors.ts';
import type { Plan } from '../../core/plan.ts';
import { formatNumber } from '../../core/text/amounts.ts';
import type { ShardEngine } from '../../tasks/shard-engine.ts';

/** Ranges that a message shows. */
const SHOWN = 10;

/** Shards are computed elsewhere: those that are missing by now are not waited for. */
export const NOBODY: ShardEngine = {
  ownsEarlier: true,
  async compute({ plan, shards }) {
    assertNoneMissing(
      plan,
      shards.map(({ index }) => index),
    );
  },
};

/** Throws `SHARDS_MISSING`, which names them. */
export function assertNoneMissing(plan: Pick<Plan, 'runId' | 'job' | 'shards'>, missing: readonly number[]) {
  if (missing.length === 0) return;
  const ranges = rangesOf(missing);
  const more = ranges.length > SHOWN ? ` and ${ranges.length - SHOWN} more ranges` : '';
  throw new ServeBatchError(
    'SHARDS_MISSING',
    `Run ${plan.runId} lacks ${missing.length} of ${formatNumber(plan.shards.length, 'shard')}: ${ranges.slice(0, SHOWN).join(', ')}${more}. Nothing was published. Wait for the tasks that compute them, or hand them out again: "serve-batch plan ${plan.job}" lists what is missing.`,
    { fields: { runId: plan.runId, missing: missing.length, shards: ranges } },
  );
}

/** `3-7` and `9`, of numbers in ascending order. */
export function rangesOf(numbers: readonly number[]): readonly string[] {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`));
}
