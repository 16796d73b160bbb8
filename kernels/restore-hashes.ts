/**
 * Makes RESTORE commands of whole hashes from a batch of rows: what src/kv/redis/hash/dumped-hash.ts makes of one group,
 * for as many groups as there are, byte for byte. Written in AssemblyScript; src/kv/redis/hash/restore-kernel.ts is its
 * only caller. `npm run kernels` compiles it.
 *
 * Texts are copied 16 bytes at a time: whoever owns the memory leaves {@link SLACK} bytes behind what is read and
 * written.
 */
const SLACK: u32 = 64;

/** Limits of {@link isEntry}, and of a hash that Redis keeps as a listpack. */
const MOST_FIELDS: u32 = 512;
const ENTRY_TEXT_BYTES: u32 = 63;
const EXACT_DIGITS: u32 = 15;
const LONGEST_INTEGER: u32 = 20;
/** Of groups with more rows, sorting is left to the caller. */
const MOST_SORTED: u32 = 64;

/** Of a dumped hash: type, size, header of the listpack, its end, version and checksum. */
const FRONT_BYTES: u32 = 6;
const HEADER_BYTES: u32 = 6;
const BACK_BYTES: u32 = 10;
const ENTRY_OVERHEAD: u32 = 2;
const LISTPACK_HASH: u8 = 16;
const SIZE_OF_32_BITS: u8 = 0x80;
const FORMAT_VERSION: u16 = 10;

/** Ends of lines, and sizes of up to ten digits. */
const COMMAND_OVERHEAD: u32 = 64;
const LINE_END: u16 = 0x0a0d;

/** Why {@link restoreHashes} came back: only one group is left in the batch, which may go on in the next. */
const LAST_GROUP: u32 = 0;
/** The target has no room for the next command. */
const IS_FULL: u32 = 1;
/** The next group cannot be made into a dump here. */
const NOT_HERE: u32 = 2;

/** The batch, as KvBatch has it: addresses of arrays of 32 bits, and where the bytes end. */
let keys: u32 = 0;
let keySizes: usize = 0;
let keyRows: usize = 0;
let fieldSizes: usize = 0;
let valueSizes: usize = 0;
let bytesEnd: usize = 0;

/** Where to go on in the batch: before the first row of a key. */
let key: u32 = 0;
let row: u32 = 0;
let at: usize = 0;

/** What stands in each command before the size of its key, before the key, and before the size of the dump. */
let head: usize = 0;
let headSize: u32 = 0;
let prefix: usize = 0;
let prefixSize: u32 = 0;
let middle: usize = 0;
let middleSize: u32 = 0;

/** Where commands go, and where the place of each goes, 32 bits from the target on. */
let target: usize = 0;
let targetEnd: usize = 0;
let starts: usize = 0;

/** What was made: bytes, commands, values, and bytes of keys, fields and values. */
let written: usize = 0;
let commands: u32 = 0;
let values: u32 = 0;
let textBytes: u32 = 0;

/** Reason, key, row, at, written, commands, values, textBytes. */
const results = memory.data(8 * 4, 16);

/** The rows of the group: where each field starts, where its value does, and where that ends. */
const fieldStarts = memory.data(MOST_FIELDS * 4, 16);
const valueStarts = memory.data(MOST_FIELDS * 4, 16);
const valueEnds = memory.data(MOST_FIELDS * 4, 16);

const SLICES: u32 = 8;
/** 0x95ac9329 and 0xac4bc9b5: the formatter knows numbers of JavaScript only. */
const POLYNOMIAL: u64 = ((<u64>0x95ac9329) << 32) | 0xac4bc9b5;
const crcTable = memory.data(SLICES * 256 * 8, 16);

/** Where the memory is free. */
export function freeFrom(): usize {
  return __heap_base;
}

/** To be called once. */
export function makeTables(): void {
  for (let byte: u32 = 0; byte < 256; byte++) {
    let crc: u64 = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ ((crc & 1) * POLYNOMIAL);
    store<u64>(crcTable + byte * 8, crc);
  }
  for (let place: u32 = 256; place < SLICES * 256; place++) {
    const crc = load<u64>(crcTable + (place - 256) * 8);
    store<u64>(crcTable + place * 8, (crc >> 8) ^ load<u64>(crcTable + <usize>(crc & 255) * 8));
  }
}

/** Says where the parts are that all commands share, and where commands go. */
export function setCommand(
  headAt: usize,
  headBytes: u32,
  prefixAt: usize,
  prefixBytes: u32,
  middleAt: usize,
  middleBytes: u32,
): void {
  head = headAt;
  headSize = headBytes;
  prefix = prefixAt;
  prefixSize = prefixBytes;
  middle = middleAt;
  middleSize = middleBytes;
}

export function setTarget(targetAt: usize, targetBytes: u32, startsAt: usize): void {
  target = targetAt;
  targetEnd = targetAt + targetBytes;
  starts = startsAt;
}

export function setBatch(
  keyCount: u32,
  keySizesAt: usize,
  keyRowsAt: usize,
  fieldSizesAt: usize,
  valueSizesAt: usize,
  bytesEndAt: usize,
): void {
  keys = keyCount;
  keySizes = keySizesAt;
  keyRows = keyRowsAt;
  fieldSizes = fieldSizesAt;
  valueSizes = valueSizesAt;
  bytesEnd = bytesEndAt;
}

/** Makes commands of the groups from a place on, until something stops it, and returns the address of the results. */
export function restoreHashes(fromKey: u32, fromRow: u32, fromAt: usize): usize {
  key = fromKey;
  row = fromRow;
  at = fromAt;
  written = target;
  commands = values = textBytes = 0;
  store<u32>(results, takeGroups());
  store<u32>(results + 4, key);
  store<u32>(results + 8, row);
  store<u32>(results + 12, at);
  store<u32>(results + 16, written - target);
  store<u32>(results + 20, commands);
  store<u32>(results + 24, values);
  store<u32>(results + 28, textBytes);
  return results;
}

function takeGroups(): u32 {
  while (true) {
    const keyStart = at;
    const keySize = sizeAt(keySizes, key);
    let nextKey = key;
    let nextRow = row;
    let next = at;
    let count: u32 = 0;
    let isSorted = true;
    // The key may stand several times in a row.
    do {
      next += keySize;
      for (let left = sizeAt(keyRows, nextKey); left > 0; left--) {
        if (count === MOST_FIELDS) return NOT_HERE;
        const valueStart = next + sizeAt(fieldSizes, nextRow);
        const end = valueStart + sizeAt(valueSizes, nextRow);
        if (end > bytesEnd) return NOT_HERE;
        store<u32>(fieldStarts + count * 4, next);
        store<u32>(valueStarts + count * 4, valueStart);
        store<u32>(valueEnds + count * 4, end);
        if (count > 0 && isSorted) isSorted = compareFields(count - 1, count) < 0;
        count++;
        nextRow++;
        next = end;
      }
      if (++nextKey === keys) return LAST_GROUP;
    } while (sizeAt(keySizes, nextKey) === keySize && isSame(keyStart, next, keySize));
    if (!isSorted) {
      if (count > MOST_SORTED) return NOT_HERE;
      count = sortFields(count);
    }
    const most = dumpBytes(count);
    if (most === 0) return NOT_HERE;
    if (written + headSize + prefixSize + keySize + middleSize + most + COMMAND_OVERHEAD + SLACK > targetEnd)
      return IS_FULL;
    putCommand(keyStart, keySize, count, most);
    key = nextKey;
    row = nextRow;
    at = next;
  }
}

function putCommand(keyStart: usize, keySize: u32, count: u32, most: u32): void {
  store<u32>(starts + commands * 4, written - target);
  let to = putText(written, head, headSize);
  to = putLineEnd(putDecimal(to, prefixSize + keySize));
  to = putText(to, prefix, prefixSize);
  to = putText(to, keyStart, keySize);
  to = putText(to, middle, middleSize);
  // The size has as many digits as that of the largest dump, mostly.
  const room = digitsOf(most);
  const dump = to + room + 2;
  const end = putDump(dump, count);
  const size = <u32>(end - dump);
  const start = putLineEnd(putDecimal(to, size));
  if (start !== dump) memory.copy(start, dump, size);
  written = putLineEnd(start + size);
  commands++;
  values += count;
  textBytes += prefixSize + keySize;
}

function putDump(dump: usize, count: u32): usize {
  const listpack = dump + FRONT_BYTES;
  let to = listpack + HEADER_BYTES;
  for (let index: u32 = 0; index < count; index++) {
    const fieldStart = sizeAt(fieldStarts, index);
    const valueStart = sizeAt(valueStarts, index);
    const valueEnd = sizeAt(valueEnds, index);
    to = putEntry(to, fieldStart, valueStart - fieldStart);
    to = putEntry(to, valueStart, valueEnd - valueStart);
    textBytes += valueEnd - fieldStart;
  }
  store<u8>(to++, 255);
  const size = <u32>(to - listpack);
  store<u32>(listpack, size);
  store<u16>(listpack + 4, <u16>(count * 2));
  store<u8>(dump, LISTPACK_HASH);
  store<u8>(dump + 1, SIZE_OF_32_BITS);
  store<u32>(dump + 2, bswap<u32>(size));
  store<u16>(to, FORMAT_VERSION);
  store<u64>(to + 2, crc64(dump, to + 2));
  return to + BACK_BYTES;
}

/** Of the dump, or some more: integers need fewer than their digits. 0 where it cannot be one. */
function dumpBytes(count: u32): u32 {
  let size = FRONT_BYTES + HEADER_BYTES + 1 + BACK_BYTES + 2 * count * ENTRY_OVERHEAD;
  for (let index: u32 = 0; index < count; index++) {
    const fieldStart = sizeAt(fieldStarts, index);
    const valueStart = sizeAt(valueStarts, index);
    const valueEnd = sizeAt(valueEnds, index);
    if (!isEntry(fieldStart, valueStart - fieldStart) || !isEntry(valueStart, valueEnd - valueStart))
      return 0;
    size += valueEnd - fieldStart;
  }
  return size;
}

function isEntry(start: usize, size: u32): bool {
  if (size <= EXACT_DIGITS) return true;
  return size <= ENTRY_TEXT_BYTES && (size > LONGEST_INTEGER || !isInteger(start, size));
}

function putEntry(to: usize, start: usize, size: u32): usize {
  if (size <= EXACT_DIGITS && isInteger(start, size)) return putIntegerEntry(to, integerOf(start, size));
  store<u8>(to, <u8>(0x80 | size));
  const end = putText(to + 1, start, size);
  store<u8>(end, <u8>(size + 1));
  return end + 1;
}

/** As Redis reads integers: no sign but a minus, no zeros before it. */
function isInteger(start: usize, size: u32): bool {
  const end = start + size;
  const first = start + usize(size > 0 && load<u8>(start) === 45);
  if (first >= end) return false;
  if (load<u8>(first) === 48) return size === 1;
  for (let place = first; place < end; place++) if (<u32>load<u8>(place) - 48 > 9) return false;
  return true;
}

function integerOf(start: usize, size: u32): i64 {
  const isNegative = load<u8>(start) === 45;
  let value: i64 = 0;
  for (let place = start + usize(isNegative); place < start + size; place++)
    value = value * 10 + load<u8>(place) - 48;
  return isNegative ? -value : value;
}

function putIntegerEntry(to: usize, value: i64): usize {
  if (value >= 0 && value < 128) {
    store<u16>(to, <u16>(value | (1 << 8)));
    return to + 2;
  }
  if (value >= -4096 && value < 4096) {
    store<u8>(to, <u8>(0xc0 | ((value >> 8) & 31)));
    store<u8>(to + 1, <u8>value);
    store<u8>(to + 2, 2);
    return to + 3;
  }
  const bits = 64 - <u32>clz<i64>(value ^ (value >> 63));
  const size: u32 = bits < 16 ? 2 : bits < 24 ? 3 : bits < 32 ? 4 : 8;
  store<u8>(to, <u8>(size === 8 ? 0xf4 : 0xf1 + size - 2));
  store<i64>(to + 1, value);
  store<u8>(to + 1 + size, <u8>(size + 1));
  return to + size + 2;
}

function crc64(start: usize, end: usize): u64 {
  let crc: u64 = 0;
  let place = start;
  for (; place + 8 <= end; place += 8) {
    const mixed = crc ^ load<u64>(place);
    crc =
      slice(7, mixed) ^
      slice(6, mixed >> 8) ^
      slice(5, mixed >> 16) ^
      slice(4, mixed >> 24) ^
      (slice(3, mixed >> 32) ^ slice(2, mixed >> 40) ^ slice(1, mixed >> 48) ^ slice(0, mixed >> 56));
  }
  for (; place < end; place++) crc = (crc >> 8) ^ slice(0, crc ^ load<u8>(place));
  return crc;
}

function slice(index: u32, bits: u64): u64 {
  return load<u64>(crcTable + index * 2048 + <usize>(bits & 255) * 8);
}

/** Makes fields distinct and sorted: the last of equal ones stays. Returns how many are left. */
function sortFields(count: u32): u32 {
  for (let index: u32 = 1; index < count; index++)
    for (let place = index; place > 0 && compareFields(place - 1, place) > 0; place--) {
      swap(fieldStarts + place * 4);
      swap(valueStarts + place * 4);
      swap(valueEnds + place * 4);
    }
  let left: u32 = 0;
  for (let index: u32 = 0; index < count; index++) {
    if (index + 1 < count && compareFields(index, index + 1) === 0) continue;
    store<u32>(fieldStarts + left * 4, sizeAt(fieldStarts, index));
    store<u32>(valueStarts + left * 4, sizeAt(valueStarts, index));
    store<u32>(valueEnds + left * 4, sizeAt(valueEnds, index));
    left++;
  }
  return left;
}

/** Of the word at an address and the one before it. */
function swap(place: usize): void {
  const before = load<u32>(place - 4);
  store<u32>(place - 4, load<u32>(place));
  store<u32>(place, before);
}

function compareFields(a: u32, b: u32): i32 {
  const aStart = sizeAt(fieldStarts, a);
  const bStart = sizeAt(fieldStarts, b);
  const aSize = sizeAt(valueStarts, a) - aStart;
  const bSize = sizeAt(valueStarts, b) - bStart;
  const shared = min(aSize, bSize);
  let done: u32 = 0;
  for (; done + 8 <= shared; done += 8) {
    const difference = load<u64>(aStart + done) ^ load<u64>(bStart + done);
    if (difference !== 0) {
      done += <u32>(ctz(difference) >> 3);
      return <i32>load<u8>(aStart + done) - <i32>load<u8>(bStart + done);
    }
  }
  for (; done < shared; done++) {
    const difference = <i32>load<u8>(aStart + done) - <i32>load<u8>(bStart + done);
    if (difference !== 0) return difference;
  }
  return <i32>(aSize - bSize);
}

function isSame(a: usize, b: usize, size: u32): bool {
  for (let done = size; done > 0; done--) if (load<u8>(a + done - 1) !== load<u8>(b + done - 1)) return false;
  return true;
}

function sizeAt(array: usize, index: u32): u32 {
  return load<u32>(array + index * 4);
}

function putText(to: usize, start: usize, size: u32): usize {
  for (let done: u32 = 0; done < size; done += 16) v128.store(to + done, v128.load(start + done));
  return to + size;
}

function putLineEnd(to: usize): usize {
  store<u16>(to, LINE_END);
  return to + 2;
}

function putDecimal(to: usize, value: u32): usize {
  const end = to + digitsOf(value);
  let rest = value;
  for (let place = end - 1; place >= to; place--) {
    const next = rest / 10;
    store<u8>(place, <u8>(48 + rest - next * 10));
    rest = next;
  }
  return end;
}

function digitsOf(value: u32): u32 {
  let digits: u32 = 1;
  for (let rest = value; rest >= 10; rest /= 10) digits++;
  return digits;
}
