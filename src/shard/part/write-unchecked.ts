import type { Plan, SelectPlan } from '../../core/plan.ts';
import { openUncheckedRows } from '../../source/shard-rows.ts';
import { RowsDiffer } from './chunk-scorer.ts';
import { CallFailed } from './column-scorer.ts';
import { giveUpOrder, selectInOrder } from './select-in-order.ts';
import type { PartRequest, WritePart } from './write-part.ts';
import { writePartInStatement } from './write-part-of.ts';

/** Plans of which this worker has seen a shard that needs a copy: most likely the others do, too. */
const NEED_COPY = new WeakSet<Plan>();

type UncheckedRequest<T> = Omit<PartRequest<T>, 'rows' | 'stopAt'>;

interface WrittenPart<T> {
  readonly part: T;
  readonly rejects: readonly never[];
  readonly inStatement: true;
}

/**
 * Writes the part of a shard whose `features.select` may return more or fewer rows, without copying what it returns.
 * This works if it returns one usable row for each row of the input. The rows are checked as they come: first unsorted
 * and, if they are out of order, sorted. Returns null if it does not work, or if nothing would be copied; the shard is
 * then computed in the usual way.
 *
 * Copying the rows of a SELECT with joins takes longer than the joins, and sorting them as long as the longest join.
 */
export async function writeUnchecked<T>(request: UncheckedRequest<T>): Promise<WrittenPart<T> | null> {
  const { plan, database, session } = request;
  const isCopied = plan.features.select?.copy === true && !NEED_COPY.has(plan);
  const write = isCopied ? writePartInStatement(session, plan) : null;
  if (write === null) return null;
  const inOrder = await selectInOrder(database, plan);
  const attempt = inOrder === null ? 'rows differ' : await tryToWrite(request, write, inOrder);
  if (inOrder !== null && attempt === 'rows differ') giveUpOrder(database, plan);
  const written = attempt === 'rows differ' ? await tryToWrite(request, write, null) : attempt;
  if (typeof written === 'object') return written;
  NEED_COPY.add(plan);
  return null;
}

async function tryToWrite<T>(
  request: UncheckedRequest<T>,
  write: WritePart,
  inOrder: SelectPlan | null,
): Promise<WrittenPart<T> | 'rows differ' | 'not usable'> {
  const { plan, database, shard } = request;
  const rows = await openUncheckedRows(database, plan, shard, inOrder);
  try {
    // Rows are told once it is sure that they are not scored again.
    const { part } = await write({ ...request, rows, stopAt: 1, onRows: () => {} });
    if (part === null) return 'not usable';
    request.onRows(rows.rows);
    return { part, rejects: [], inStatement: true };
  } catch (error) {
    if (error instanceof RowsDiffer) return 'rows differ';
    if (error instanceof CallFailed) return 'not usable';
    throw error;
  }
}
