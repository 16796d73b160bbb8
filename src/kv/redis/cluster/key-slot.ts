/** Slots of a cluster. */
export const SLOTS = 16_384;

const OPEN = 123;
const CLOSE = 125;
/** CRC16 of the XMODEM kind, as the specification of Redis Cluster has it. */
const POLYNOMIAL = 0x1021;

const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ POLYNOMIAL : crc << 1;
  return crc;
});

/**
 * The CRC16 of the bytes from `start` to `end` (exclusive).
 * @param crc of what stands before them
 */
export function crc16(bytes: Uint8Array, start: number, end: number, crc = 0): number {
  let value = crc;
  for (let at = start; at < end; at++)
    value = ((value << 8) & 0xffff) ^ (TABLE[(value >> 8) ^ (bytes[at] as number)] as number);
  return value;
}

/**
 * The slot of a key whose bytes from `start` to `end` (exclusive) stand behind a prefix without braces. A key goes by
 * what stands between its first opening brace and the next closing one, where there is anything between them.
 * @param prefixCrc the CRC16 of the prefix
 */
export function slotOf(bytes: Uint8Array, start: number, end: number, prefixCrc = 0): number {
  const open = bytes.indexOf(OPEN, start);
  if (open !== -1 && open < end) {
    const close = bytes.indexOf(CLOSE, open + 1);
    if (close !== -1 && close < end && close > open + 1) return crc16(bytes, open + 1, close) % SLOTS;
  }
  return crc16(bytes, start, end, prefixCrc) % SLOTS;
}

/** The slot of a key. */
export function slotOfKey(key: string): number {
  const bytes = Buffer.from(key);
  return slotOf(bytes, 0, bytes.length);
}

/** A text that puts a key, where it stands in braces in it, into one slot: the first number that does. */
export function tagOfSlot(slot: number): string {
  for (let number = 0; ; number++) if (slotOfKey(String(number)) === slot) return String(number);
}
