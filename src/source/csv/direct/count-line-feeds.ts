/** A line feed in each byte of a word, and its lower and its highest bits. */
const LINE_FEEDS = 0x0a0a_0a0a;
const LOWER_BITS = 0x7f7f_7f7f;
/** Bytes of a word count up to 255 without touching the next one. */
const MOST_WORDS = 255;
const LINE_FEED = 0x0a;
const NO_WORDS = new Int32Array(0);

/** How many line feeds bytes have: four bytes at a time, each with a counter in a byte of its own. */
export function countLineFeeds(bytes: Buffer, from: number, to: number): number {
  let count = 0;
  let at = from;
  for (; at < to && ((bytes.byteOffset + at) & 3) !== 0; at++) count += +(bytes[at] === LINE_FEED);
  const whole = Math.max(0, (to - at) >> 2);
  const words = whole === 0 ? NO_WORDS : new Int32Array(bytes.buffer, bytes.byteOffset + at, whole);
  for (let word = 0; word < words.length; ) {
    const end = Math.min(words.length, word + MOST_WORDS);
    let sums = 0;
    for (; word < end; word++) {
      const other = (words[word] as number) ^ LINE_FEEDS;
      // The highest bit of a byte is set where any bit is.
      sums += (~(((other & LOWER_BITS) + LOWER_BITS) | other | LOWER_BITS) >>> 7) & 0x0101_0101;
      sums |= 0;
    }
    count += (sums & 0xff) + ((sums >>> 8) & 0xff) + ((sums >>> 16) & 0xff) + (sums >>> 24);
  }
  for (at += words.length * 4; at < to; at++) count += +(bytes[at] === LINE_FEED);
  return count;
}
