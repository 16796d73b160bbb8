const words = new DataView(new ArrayBuffer(8));

/** The least number above another one, among those of float32 or of float64. Not for NaN and +infinity. */
export function nextFloat(double: boolean): (value: number) => number {
  return double ? nextFloat64 : nextFloat32;
}

export function nextFloat32(value: number): number {
  // Also of -0.
  if (value === 0) return 2 ** -149;
  words.setFloat32(0, value);
  words.setInt32(0, words.getInt32(0) + (value > 0 ? 1 : -1));
  return words.getFloat32(0);
}

export function nextFloat64(value: number): number {
  if (value === 0) return Number.MIN_VALUE;
  words.setFloat64(0, value);
  words.setBigInt64(0, words.getBigInt64(0) + (value > 0 ? 1n : -1n));
  return words.getFloat64(0);
}
