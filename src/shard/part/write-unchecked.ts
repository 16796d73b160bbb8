import type { Plan } from '../../core/plan.ts';
import { openUncheckedRows } from '../../source/shard-rows.ts';
import { RowsDiffer } from './chunk-scorer.ts';
import { CallFailed } from './column-scorer.ts';
import type { PartRequest } from './write-part.ts';
import { writePartInStatement } from './write-part-of.ts';

/** Plans of which this worker has seen a shard that needs a copy: most likely the others do, too. */
const NEED_COPY = new WeakSet<Plan>();

/**
 * Writes the part of a shard whose `features.select` may return more or fewer rows, or other ones each time, without
 * a copy of what it returns. That does where it returns one usable row for each row of the input, which shows as they
 * come. Null where it does not, or where nothing would be copied: then the shard is computed as any other.
 *
 * A copy of what a SELECT with joins returns takes longer than the joins.
 */
export async function writeUnchecked<T>(
  request: Omit<PartRequest<T>, 'rows' | 'stopAt'>,
): Promise<{ readonly part: T; readonly rejects: readonly never[] } | null> {
  const { plan, database, session, shard } = request;
  const write = NEED_COPY.has(plan) ? null : writePartInStatement(session, plan);
  if (write === null) return null;
  const rows = await openUncheckedRows(database, plan, shard);
  if (rows === null) return null;
  try {
    // Rows are told once it is sure that they are not scored again.
    const once = { ...request, rows, stopAt: 1, onRows: () => {} };
    const { part } = await write(once);
    if (part !== null) {
      request.onRows(rows.rows);
      return { part, rejects: [] };
    }
  } catch (error) {
    if (!(error instanceof RowsDiffer || error instanceof CallFailed)) throw error;
  }
  NEED_COPY.add(plan);
  return null;
}
