/** A record of a CSV text, blank lines left out. */
export interface TextRecord {
  readonly fields: readonly string[];
  /** Where it begins, from 1. */
  readonly line: number;
  /** Whether a quote stands where none may. */
  readonly isBroken: boolean;
}

export interface Quoting {
  readonly delimiter: string;
  readonly quote: string;
  readonly escape: string;
}

/** Splits the beginning of a file as RFC 4180 says. A quote that is never closed ends with its line. */
export function splitRecords(text: string, quoting: Quoting, limit: number): readonly TextRecord[] {
  const records: TextRecord[] = [];
  let position = 0;
  let line = 1;
  while (position < text.length && records.length < limit) {
    const record = readRecord(text, position, quoting) ?? brokenLine(text, position, quoting);
    if (record.fields.length > 1 || record.fields[0] !== '' || record.end - position > 2)
      records.push({ fields: record.fields, line, isBroken: record.isBroken });
    line += countLines(text.slice(position, record.end));
    position = record.end;
  }
  return records;
}

interface FoundRecord {
  readonly fields: readonly string[];
  /** Behind its newline. */
  readonly end: number;
  readonly isBroken: boolean;
}

/** Null: a quote is never closed. */
function readRecord(text: string, start: number, quoting: Quoting): FoundRecord | null {
  const { delimiter } = quoting;
  const fields: string[] = [];
  let isBroken = false;
  for (let position = start; ; ) {
    const field = readField(text, position, quoting);
    if (field === null) return null;
    fields.push(field.value);
    isBroken ||= field.isBroken;
    if (!text.startsWith(delimiter, field.end))
      return { fields, end: afterNewline(text, field.end), isBroken };
    position = field.end + delimiter.length;
  }
}

function readField(
  text: string,
  start: number,
  { delimiter, quote, escape: escapes }: Quoting,
): { readonly value: string; readonly end: number; readonly isBroken: boolean } | null {
  if (quote === '' || text[start] !== quote) {
    const end = endOfPlain(text, start, delimiter);
    return { value: text.slice(start, end), end, isBroken: false };
  }
  let value = '';
  for (let position = start + 1; position < text.length; position++) {
    const isEscaped = text[position] === escapes && text[position + 1] === quote;
    if (isEscaped) value += text[++position];
    else if (text[position] === quote) {
      const end = endOfPlain(text, position + 1, delimiter);
      const isBroken = end > position + 1;
      return { value: isBroken ? text.slice(start, end) : value, end, isBroken };
    } else value += text[position];
  }
  return null;
}

function brokenLine(text: string, start: number, { delimiter }: Quoting): FoundRecord {
  const end = endOfLine(text, start);
  return { fields: text.slice(start, end).split(delimiter), end: afterNewline(text, end), isBroken: true };
}

function endOfPlain(text: string, start: number, delimiter: string): number {
  const next = text.indexOf(delimiter, start);
  const newline = endOfLine(text, start);
  return next === -1 ? newline : Math.min(next, newline);
}

function endOfLine(text: string, start: number): number {
  let end = start;
  while (end < text.length && text[end] !== '\n' && text[end] !== '\r') end++;
  return end;
}

function afterNewline(text: string, position: number): number {
  if (text[position] === '\r' && text[position + 1] === '\n') return position + 2;
  return Math.min(position + 1, text.length);
}

function countLines(text: string): number {
  return text.match(/\r\n|\n|\r/g)?.length ?? 0;
}
