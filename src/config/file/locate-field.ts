import { type Document, isAlias, isMap, isScalar, isSeq, type LineCounter, type Node, type Pair } from 'yaml';
import type { FieldPath } from './field-path.ts';

/** Both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/**
 * Where a field stands: its name in a map, its value in a list. For a field that is not there, where its
 * nearest parent stands; for the top, the start of the document.
 */
export function locateField(document: Document, lines: LineCounter, path: FieldPath): Position {
  let node: unknown = document.contents;
  let offset = offsetOf(document.contents) ?? 0;
  for (const step of path) {
    const child = childOf(document, node, step);
    if (child === undefined) break;
    offset = child.offset ?? offset;
    node = child.node;
  }
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

interface Child {
  readonly node: unknown;
  readonly offset: number | undefined;
}

function childOf(document: Document, parent: unknown, step: string | number): Child | undefined {
  const node = isAlias(parent) ? parent.resolve(document) : parent;
  if (isMap(node)) {
    const pair = node.items.find((item) => keyOf(item) === String(step));
    return pair === undefined ? undefined : { node: pair.value, offset: offsetOf(pair.key) };
  }
  if (isSeq(node) && typeof step === 'number' && step < node.items.length)
    return { node: node.items[step], offset: offsetOf(node.items[step]) };
  return undefined;
}

function keyOf(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
}

function offsetOf(node: unknown): number | undefined {
  return (node as Node | null)?.range?.[0];
}
