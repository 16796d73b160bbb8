/**
 * The checksum at the end of what DUMP gives and RESTORE takes: CRC-64 of Jones, reflected, as Redis has it. In halves of
 * 32 bits, eight bytes a step (slicing by 8): a BigInt for each byte would take a hundred times as long.
 */
const POLYNOMIAL_LOW = 0xac4bc9b5;
const POLYNOMIAL_HIGH = 0x95ac9329;

const SLICES = 8;
const [LOW, HIGH] = makeTables();

/** Writes the checksum of the bytes from `start` to `end` (exclusive) behind them, lowest byte first. */
export function putCrc64(bytes: Buffer, start: number, end: number): number {
  let low = 0;
  let high = 0;
  let at = start;
  for (const last = end - SLICES; at <= last; at += SLICES) {
    const a = (low ^ fourBytes(bytes, at)) >>> 0;
    const b = (high ^ fourBytes(bytes, at + 4)) >>> 0;
    const [a7, a6, a5, a4] = [
      1792 + (a & 255),
      1536 + ((a >>> 8) & 255),
      1280 + ((a >>> 16) & 255),
      1024 + (a >>> 24),
    ];
    const [b3, b2, b1, b0] = [768 + (b & 255), 512 + ((b >>> 8) & 255), 256 + ((b >>> 16) & 255), b >>> 24];
    low = at8(LOW, a7, a6, a5, a4) ^ at8(LOW, b3, b2, b1, b0);
    high = at8(HIGH, a7, a6, a5, a4) ^ at8(HIGH, b3, b2, b1, b0);
  }
  for (; at < end; at++) {
    const place = (low ^ (bytes[at] as number)) & 255;
    low = ((low >>> 8) | (high << 24)) ^ (LOW[place] as number);
    high = (high >>> 8) ^ (HIGH[place] as number);
  }
  return putFour(bytes, putFour(bytes, end, low), high);
}

function at8(table: Uint32Array, a: number, b: number, c: number, d: number): number {
  return (table[a] as number) ^ (table[b] as number) ^ (table[c] as number) ^ (table[d] as number);
}

function fourBytes(bytes: Buffer, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}

function putFour(bytes: Buffer, at: number, value: number): number {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
  return at + 4;
}

/** For each slice and byte, what the byte adds to the checksum so many bytes later. */
function makeTables(): readonly [low: Uint32Array, high: Uint32Array] {
  const low = new Uint32Array(SLICES * 256);
  const high = new Uint32Array(SLICES * 256);
  for (let byte = 0; byte < 256; byte++) {
    let [a, b] = [byte, 0];
    for (let bit = 0; bit < 8; bit++) {
      const isOdd = (a & 1) === 1;
      a = ((a >>> 1) | (b << 31)) ^ (isOdd ? POLYNOMIAL_LOW : 0);
      b = (b >>> 1) ^ (isOdd ? POLYNOMIAL_HIGH : 0);
    }
    low[byte] = a;
    high[byte] = b;
  }
  for (let at = 256; at < SLICES * 256; at++) {
    const [a, b] = [low[at - 256] as number, high[at - 256] as number];
    low[at] = ((a >>> 8) | (b << 24)) ^ (low[a & 255] as number);
    high[at] = (b >>> 8) ^ (high[a & 255] as number);
  }
  return [low, high];
}
