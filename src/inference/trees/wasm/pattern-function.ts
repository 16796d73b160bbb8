import { Code, TYPE } from './code.ts';
import type { ModuleFunction } from './module.ts';

/**
 * A piece of a tree that one function evaluates for many rows: each end of it is a leaf, or a slot with
 * the leaf numbers that another piece found.
 */
export type Pattern = 'leaf' | 'slot' | PatternNode;

export interface PatternNode {
  readonly low: Pattern;
  readonly high: Pattern;
}

/** Bytes before the operands of a record of the program: which function, and how long the record is. */
export const HEADER_BYTES = 8;

/** Nodes, leaves and slots of a pattern. */
export function countsOf(pattern: Pattern): { nodes: number; leaves: number; slots: number } {
  if (pattern === 'leaf') return { nodes: 0, leaves: 1, slots: 0 };
  if (pattern === 'slot') return { nodes: 0, leaves: 0, slots: 1 };
  const [low, high] = [countsOf(pattern.low), countsOf(pattern.high)];
  return {
    nodes: 1 + low.nodes + high.nodes,
    leaves: low.leaves + high.leaves,
    slots: low.slots + high.slots,
  };
}

/**
 * The function `(record, rows)` of a pattern. It writes, for each row, the number of the leaf that the row
 * falls into: leaves are numbered from low to high, so that a node's answer is the greater of its low end
 * and, where the row goes high, its high end. Sixteen rows are one vector of bytes; `wide` trees number
 * their leaves in 16 bits.
 *
 * The record: where the answers go, where the ranks of each node's feature lie, where each slot lies (4
 * bytes each), each node's threshold as a signed byte, each leaf's number (1 byte, or 2). All in the order
 * low end, node, high end.
 */
export function patternFunction(pattern: PatternNode, wide: boolean): ModuleFunction {
  const code = new Code(2);
  const [record, rows] = [0, 1];
  const { nodes, leaves, slots } = countsOf(pattern);
  const step = wide ? 2 : 1;
  const vectors = wide ? 2 : 4;
  let at = HEADER_BYTES;
  const address = (): number => {
    const local = code.local(TYPE.i32);
    code.get(record).memory('i32Load', at).set(local);
    at += 4;
    return local;
  };
  const splat = (bytes: 1 | 2): number => {
    const local = code.local(TYPE.v128);
    code
      .get(record)
      .memory(bytes === 1 ? 'v128Load8Splat' : 'v128Load16Splat', at)
      .set(local);
    at += bytes;
    return local;
  };
  const target = address();
  const ranks = Array.from({ length: nodes }, address);
  const inputs = Array.from({ length: slots }, address);
  const thresholds = Array.from({ length: nodes }, () => splat(1));
  const numbers = Array.from({ length: leaves }, () => splat(step));
  const end = code.local(TYPE.i32);
  code.get(target).get(rows);
  if (wide) code.i32(1).plain('i32Shl');
  code.plain('i32Add').set(end);

  const [sub, max] = wide ? (['i16x8Sub', 'i16x8MaxU'] as const) : (['i8x16Sub', 'i8x16MaxU'] as const);
  const evaluate = (vector: number, half: 0 | 1): void => {
    let [node, leaf, slot] = [0, 0, 0];
    const mask = (index: number): void => {
      code.get(ranks[index] as number).memory('v128Load', vector * 16);
      code.get(thresholds[index] as number).vector('i8x16GtS');
      if (wide) code.vector(half === 0 ? 'i16x8ExtendLowS' : 'i16x8ExtendHighS');
    };
    const visit = (part: Pattern): void => {
      if (part === 'leaf') return void code.get(numbers[leaf++] as number);
      if (part === 'slot') {
        code.get(inputs[slot++] as number).memory('v128Load', (vector * step + half) * 16);
        return;
      }
      visit(part.low);
      const mine = node++;
      if (part.low === 'leaf' && part.high === 'leaf') {
        leaf++;
        mask(mine);
        code.vector(sub);
        return;
      }
      visit(part.high);
      mask(mine);
      code.vector('and', max);
    };
    visit(pattern);
  };

  code.repeat(() => {
    for (let vector = 0; vector < vectors; vector++)
      for (const half of wide ? ([0, 1] as const) : ([0] as const)) {
        code.get(target);
        evaluate(vector, half);
        code.memory('v128Store', (vector * step + half) * 16);
      }
    for (const local of ranks) advance(code, local, 16 * vectors);
    for (const local of inputs) advance(code, local, 16 * vectors * step);
    code
      .get(target)
      .i32(16 * vectors * step)
      .plain('i32Add')
      .tee(target)
      .get(end)
      .plain('i32LtU');
  });
  return { parameters: [TYPE.i32, TYPE.i32], code, name: null };
}

function advance(code: Code, local: number, bytes: number): void {
  code.get(local).i32(bytes).plain('i32Add').set(local);
}
