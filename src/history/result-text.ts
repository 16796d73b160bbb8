import type { ResultColumn, ResultRows } from './result-rows.ts';

/** CSV as RFC 4180 has it, with `\n`; null is nothing, and the empty text is `""`. */
export async function* csvText({ columns, chunks }: ResultRows): AsyncIterable<string> {
  yield `${columns.map(({ name }) => csvCell(name)).join(',')}\n`;
  for await (const rows of chunks) yield rows.map((row) => `${row.map(csvCell).join(',')}\n`).join('');
}

/** A JSON array of objects, a row a line. */
export async function* jsonText({ columns, chunks }: ResultRows): AsyncIterable<string> {
  const names = uniqueNames(columns).map((name) => JSON.stringify(name));
  let separator = '[\n';
  for await (const rows of chunks) {
    if (rows.length === 0) continue;
    const lines = rows.map((row) => {
      const fields = columns.map(
        (column, index) => `${names[index]}:${jsonCell(column, row[index] ?? null)}`,
      );
      return `{${fields.join(',')}}`;
    });
    yield separator + lines.join(',\n');
    separator = ',\n';
  }
  yield separator === '[\n' ? '[]\n' : '\n]\n';
}

function csvCell(value: string | null): string {
  if (value === null) return '';
  return value === '' || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

/** The digits stand as they are: a BIGINT or DECIMAL may have more of them than a JavaScript number holds. */
function jsonCell({ kind }: ResultColumn, value: string | null): string {
  if (value === null) return 'null';
  switch (kind) {
    case 'text':
      return JSON.stringify(value);
    case 'boolean':
      return value;
    case 'number':
      return isJsonNumber(value) ? value : 'null';
    case 'json':
      return withoutNan(value);
  }
}

function isJsonNumber(text: string): boolean {
  return /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(text);
}

/** JSON has no NaN and no infinities, but DuckDB writes them into it. */
function withoutNan(json: string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"|-?(?:NaN|nan|Infinity|inf)\b/g, (token) =>
    token.startsWith('"') ? token : 'null',
  );
}

/** A second column `a` is `a_2`: an object cannot hold both. */
function uniqueNames(columns: readonly ResultColumn[]): readonly string[] {
  const taken = new Set<string>();
  return columns.map(({ name }) => {
    let unique = name;
    for (let number = 2; taken.has(unique); number++) unique = `${name}_${number}`;
    taken.add(unique);
    return unique;
  });
}
