/** Whether `size` bytes are the same. From the end: neighbours are mostly alike at their beginning. */
export function sameBytes(a: Buffer, aStart: number, b: Buffer, bStart: number, size: number): boolean {
  for (let index = size - 1; index >= 0; index--) if (a[aStart + index] !== b[bStart + index]) return false;
  return true;
}

/** Negative, 0 or positive, as the bytes from `aStart` to `aEnd` (exclusive) come before those from `bStart` to `bEnd`. */
export function compareBytes(
  bytes: Buffer,
  aStart: number,
  aEnd: number,
  bStart: number,
  bEnd: number,
): number {
  const shared = Math.min(aEnd - aStart, bEnd - bStart);
  for (let index = 0; index < shared; index++) {
    const difference = (bytes[aStart + index] as number) - (bytes[bStart + index] as number);
    if (difference !== 0) return difference;
  }
  return aEnd - aStart - (bEnd - bStart);
}
