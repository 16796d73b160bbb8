const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const MARK = '\u0000number:';
const MARKED = /"\\u0000number:([^"]*)"/g;

/**
 * JSON.parse for trees that are changed and written again: numbers of 16 and more characters, which a
 * double may not hold (`18446744073709551615` is DuckDB's "no place"), are kept as marked text.
 */
export function parseLossless(text: string): unknown {
  return JSON.parse(
    text.replace(STRING_OR_NUMBER, (token) =>
      token.startsWith('"') || token.length < 16 ? token : JSON.stringify(MARK + token),
    ),
  );
}

/** JSON.stringify of what {@link parseLossless} gave: marked numbers come out as they were. */
export function stringifyLossless(value: unknown, indent = 0): string {
  return JSON.stringify(value, null, indent).replace(MARKED, '$1');
}

/** Whether {@link parseLossless} made this of a number. */
export function isMarkedNumber(value: unknown): boolean {
  return typeof value === 'string' && value.startsWith(MARK);
}
