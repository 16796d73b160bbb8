/**
 * Makes the texts of keys, fields and values from a chunk of DuckDB's columns, and puts them together row by row, as a
 * KvBatch has them. Written in AssemblyScript; src/sinks/kv/row-text-kernel.ts is its only caller. `npm run kernels`
 * compiles it.
 *
 * The text of a row stands from its start to its end (exclusive), both addresses. Texts are copied 16 bytes at a time:
 * whoever owns the memory leaves 16 bytes behind what is read and written.
 */

/** Of a column: addresses of starts and ends, and of DuckDB's bits, 1 for each row that is not null; 0: no row is. */
@unmanaged
class Column {
  starts: usize;
  ends: usize;
  bits: usize;
}

/** Of a template: a column, or null, and a text. Of a column it stands for nulls; without it, a null empties the whole. */
@unmanaged
class Piece {
  column: Column | null;
  text: usize;
  size: u32;
}

@unmanaged
class Template {
  pieces: usize;
  count: u32;
}

/** Bytes of each {@link Piece}. */
const PIECE_BYTES: usize = 12;

const MINUS: u8 = 45;
const POINT: u8 = 46;
const ZERO: u8 = 48;
const HYPHEN: u8 = 45;

/** `00`, `01` ... `99`. */
const pairs = memory.data(200, 16);
/** Powers of ten, from that of -10 to that of 15. */
const powers = memory.data(26 * 8, 16);
const POWER_OF_ZERO: i32 = 10;

/** Values of a chunk whose texts are remembered: a power of two. */
const REMEMBERED: u32 = 256;
const remembered = memory.data(REMEMBERED * 8, 16);

/** Where texts go next: of the column at hand. */
let texts: usize = 0;

/** Rows of the column at hand that are left to the caller, 32 bits each. */
let left: usize = 0;

export function setTexts(textsAt: usize, leftAt: usize): void {
  texts = textsAt;
  left = leftAt;
}

/** Where the memory is free. */
export function freeFrom(): usize {
  return __heap_base;
}

/** To be called once, with the powers of ten as JavaScript has them. */
export function makeTables(): usize {
  for (let pair: u32 = 0; pair < 100; pair++)
    store<u16>(pairs + pair * 2, <u16>(48 + pair / 10 + ((48 + (pair % 10)) << 8)));
  return powers;
}

/** Integers of 32 bits. A value that comes again in the chunk, as the days of a week do, is not written again. */
export function integerTexts(items: usize, rows: u32, starts: usize, ends: usize, isSigned: bool): void {
  let to = texts;
  memory.fill(remembered, 0xff, REMEMBERED * 8);
  for (let row: u32 = 0; row < rows; row++) {
    const value = load<i32>(items + row * 4);
    if (recall(value, row, starts, ends)) continue;
    store<u32>(starts + row * 4, to);
    if (isSigned && value < 0) {
      store<u8>(to, MINUS);
      to = putDecimal(to + 1, <u32>-value);
    } else to = putDecimal(to, <u32>value);
    store<u32>(ends + row * 4, to);
  }
}

/** Days since 1970. Returns how many rows are left to the caller: years before the first and after 9999. */
export function dateTexts(items: usize, rows: u32, starts: usize, ends: usize): u32 {
  let to = texts;
  let leftRows: u32 = 0;
  memory.fill(remembered, 0xff, REMEMBERED * 8);
  for (let row: u32 = 0; row < rows; row++) {
    const days = load<i32>(items + row * 4);
    // 0001-01-01 to 9999-12-31
    if (days < -719162 || days > 2932896) {
      store<u32>(left + leftRows++ * 4, row);
      continue;
    }
    if (recall(days, row, starts, ends)) continue;
    store<u32>(starts + row * 4, to);
    to = putDate(to, days);
    store<u32>(ends + row * 4, to);
  }
  texts = to;
  return leftRows;
}

/** Gives a row the text of an earlier one with the same value; or else remembers it. */
function recall(value: i32, row: u32, starts: usize, ends: usize): bool {
  const slot = remembered + (value & (REMEMBERED - 1)) * 8;
  const before = load<i32>(slot + 4);
  if (before >= 0 && load<i32>(slot) === value) {
    store<u32>(starts + row * 4, load<u32>(starts + before * 4));
    store<u32>(ends + row * 4, load<u32>(ends + before * 4));
    return true;
  }
  store<i32>(slot, value);
  store<i32>(slot + 4, row);
  return false;
}

/** `civil_from_days` of Howard Hinnant (howardhinnant.github.io/date_algorithms.html): years begin in March. */
function putDate(to: usize, days: i32): usize {
  const shifted = <u32>(days + 719468);
  const era = shifted / 146097;
  const dayOfEra = shifted - era * 146097;
  const yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365;
  const dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  const fromMarch = (5 * dayOfYear + 2) / 153;
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  const year = yearOfEra + era * 400 + u32(month <= 2);
  putPair(to, year / 100);
  putPair(to + 2, year % 100);
  store<u8>(to + 4, HYPHEN);
  putPair(to + 5, month);
  store<u8>(to + 7, HYPHEN);
  putPair(to + 8, dayOfYear - (153 * fromMarch + 2) / 5 + 1);
  return to + 10;
}

/**
 * Float32 as the shortest decimal that reads back as the same, as src/kv/shortest-number.ts has it and says why. Returns
 * how many rows are left to the caller: numbers that are none, very large or very small, or in the middle of two.
 */
export function floatTexts(items: usize, rows: u32, starts: usize, ends: usize): u32 {
  let to = texts;
  let leftRows: u32 = 0;
  for (let row: u32 = 0; row < rows; row++) {
    store<u32>(starts + row * 4, to);
    const end = putFloat(to, load<f32>(items + row * 4));
    if (end === 0) store<u32>(left + leftRows++ * 4, row);
    else to = end;
    store<u32>(ends + row * 4, to);
  }
  texts = to;
  return leftRows;
}

/** Where the texts of the column at hand end: those that the caller makes may follow. */
export function textsEnd(): usize {
  return texts;
}

/** 0 where the number is left to others. */
function putFloat(at: usize, value: f32): usize {
  const size = <f64>abs(value);
  let to = at;
  if (reinterpret<u32>(value) >> 31) store<u8>(to++, MINUS);
  if (size === 0) return putDigits(to, 0, 0);
  if (!(size >= 1e-3 && size < 1e7)) return 0;
  const bits = reinterpret<u32>(<f32>size);
  const exponent = <i32>(bits >> 23);
  // Digits before the point of the power of two: 78913 / 2 ** 18 is the logarithm of 2.
  const least = 1 + (((exponent - 127) * 78913) >> 18);
  const before = size >= powerOf(least) ? least + 1 : least;
  // Half of what lies between the number and the next larger one: 2 ** (exponent - 127 - 24).
  const gap = reinterpret<f64>((<u64>(exponent - 151 + 1023)) << 52);
  const gapBelow = (bits & 0x7fffff) === 0 ? gap / 2 : gap;
  for (let decimals = max(6 - before, 0); decimals <= 9 - before; decimals++) {
    const scale = powerOf(decimals);
    const scaled = size * scale;
    const digits = floor(scaled + 0.5);
    const off = digits - scaled;
    if (off >= gap * scale || -off >= gapBelow * scale) continue;
    return putDigits(to, <u32>digits, decimals);
  }
  return 0;
}

function powerOf(exponent: i32): f64 {
  return load<f64>(powers + (exponent + POWER_OF_ZERO) * 8);
}

/** A number whose last `decimals` digits stand behind the point, without zeros at its end: `3.0`, `0.05`. */
function putDigits(at: usize, value: u32, decimals: i32): usize {
  let rest = value;
  let behind = decimals;
  while (behind > 1 && rest % 10 === 0) {
    rest /= 10;
    behind--;
  }
  if (behind === 0) {
    const end = putDecimal(at, rest);
    store<u8>(end, POINT);
    store<u8>(end + 1, ZERO);
    return end + 2;
  }
  // Digits from the end: those behind the point, the point, those before it.
  const scale = <u32>powerOf(behind);
  const before = rest / scale;
  const point = putDecimal(at, before);
  store<u8>(point, POINT);
  rest -= before * scale;
  let place = point + 1 + behind;
  const end = place;
  for (; behind >= 2; behind -= 2) {
    const next = rest / 100;
    place -= 2;
    putPair(place, rest - next * 100);
    rest = next;
  }
  if (behind > 0) store<u8>(place - 1, <u8>(48 + rest));
  return end;
}

function putDecimal(to: usize, value: u32): usize {
  const end = to + digitsOf(value);
  let place = end;
  let rest = value;
  while (rest >= 100) {
    const next = rest / 100;
    place -= 2;
    putPair(place, rest - next * 100);
    rest = next;
  }
  if (rest >= 10) putPair(place - 2, rest);
  else store<u8>(place - 1, <u8>(48 + rest));
  return end;
}

function putPair(to: usize, value: u32): void {
  store<u16>(to, load<u16>(pairs + value * 2));
}

function digitsOf(value: u32): u32 {
  if (value < 100000) {
    if (value < 100) return value < 10 ? 1 : 2;
    return value < 1000 ? 3 : value < 10000 ? 4 : 5;
  }
  if (value < 10000000) return value < 1000000 ? 6 : 7;
  return value < 100000000 ? 8 : value < 1000000000 ? 9 : 10;
}

/** Texts of DuckDB of up to 12 bytes, which stand behind their size. False where one is longer. */
export function inlineTexts(strings: usize, rows: u32, starts: usize, ends: usize, bits: usize): bool {
  for (let row: u32 = 0; row < rows; row++) {
    const at = strings + row * 16;
    const size = isNull(bits, row) ? 0 : load<u32>(at);
    if (size > 12) return false;
    const isSame = row > 0 && !v128.any_true(v128.xor(v128.load(at), v128.load(at - 16)));
    const start = isSame ? load<u32>(starts + row * 4 - 4) : <u32>at + 4;
    store<u32>(starts + row * 4, start);
    store<u32>(ends + row * 4, start + size);
  }
  return true;
}

function isNull(bits: usize, row: u32): bool {
  return bits !== 0 && ((load<u8>(bits + (row >> 3)) >> (row & 7)) & 1) === 0;
}

/** The batch: arrays of 32 bits, and where the next text goes. */
let keySizes: usize = 0;
let keyRows: usize = 0;
let fieldSizes: usize = 0;
let valueSizes: usize = 0;
let to: usize = 0;
let keys: u32 = 0;
let batchRows: u32 = 0;

/** Begins a batch. */
export function begin(
  keySizesAt: usize,
  keyRowsAt: usize,
  fieldSizesAt: usize,
  valueSizesAt: usize,
  bytesAt: usize,
): void {
  keySizes = keySizesAt;
  keyRows = keyRowsAt;
  fieldSizes = fieldSizesAt;
  valueSizes = valueSizesAt;
  to = bytesAt;
  keys = batchRows = 0;
}

export function keyCount(): u32 {
  return keys;
}

export function bytesEnd(): usize {
  return to;
}

/** Appends the rows of a chunk. Each begins a new key where it is not certainly that of the row before it. */
export function writeRows(rows: u32, key: Template, field: Template, value: Template): void {
  for (let row: u32 = 0; row < rows; row++) {
    if (row === 0 || !isRepeated(key, row)) {
      const start = to;
      to = putText(to, key, row);
      store<u32>(keySizes + keys * 4, to - start);
      store<u32>(keyRows + keys * 4, 0);
      keys++;
    }
    const fieldStart = to;
    to = putText(to, field, row);
    const valueStart = to;
    to = putText(to, value, row);
    store<u32>(fieldSizes + batchRows * 4, valueStart - fieldStart);
    store<u32>(valueSizes + batchRows * 4, to - valueStart);
    batchRows++;
    const last = keyRows + (keys - 1) * 4;
    store<u32>(last, load<u32>(last) + 1);
  }
}

function isRepeated(template: Template, row: u32): bool {
  const end = template.pieces + template.count * PIECE_BYTES;
  for (let at = template.pieces; at < end; at += PIECE_BYTES) {
    const column = changetype<Piece>(at).column;
    if (column === null) continue;
    const start = column.starts + row * 4;
    if (load<u32>(start) !== load<u32>(start - 4)) return false;
    if (isNull(column.bits, row) !== isNull(column.bits, row - 1)) return false;
  }
  return true;
}

function putText(at: usize, template: Template, row: u32): usize {
  const end = template.pieces + template.count * PIECE_BYTES;
  let next = at;
  for (let place = template.pieces; place < end; place += PIECE_BYTES) {
    const piece = changetype<Piece>(place);
    const column = piece.column;
    if (column !== null && !isNull(column.bits, row)) {
      const start = load<u32>(column.starts + row * 4);
      next = copy(next, start, load<u32>(column.ends + row * 4) - start);
    } else if (piece.text !== 0) next = copy(next, piece.text, piece.size);
    // A null empties the whole text.
    else return at;
  }
  return next;
}

function copy(target: usize, source: usize, size: u32): usize {
  for (let done: u32 = 0; done < size; done += 16) v128.store(target + done, v128.load(source + done));
  return target + size;
}
