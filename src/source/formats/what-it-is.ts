import { open } from 'node:fs/promises';
import { ServeBatchError } from '../../core/errors.ts';
import type { SourceFile, TableFormat } from '../../core/table.ts';

/** What the first bytes of a file say that it is. */
interface Kind {
  readonly begins: RegExp | string;
  readonly name: string;
  /** What to do about it, where another format is expected. */
  readonly cure: string;
  /** The formats that begin so. */
  readonly formats: readonly TableFormat[];
}

/** Bytes are looked at as Latin-1, one character each. */
const KINDS: readonly Kind[] = [
  {
    begins: 'PAR1',
    name: 'a Parquet file',
    cure: 'Name it .parquet, or set input.format: parquet',
    formats: ['parquet'],
  },
  {
    begins: 'ARROW1',
    name: 'an Arrow file',
    cure: 'Name it .arrow, or set input.format: arrow',
    formats: ['arrow'],
  },
  {
    begins: 'PK\x03\x04',
    name: 'a ZIP archive, as Excel writes (.xlsx)',
    cure: 'Unpack it, or save the sheet as CSV',
    formats: [],
  },
  {
    begins: '\xd0\xcf\x11\xe0',
    name: 'an old Excel file (.xls)',
    cure: 'Save the sheet as CSV',
    formats: [],
  },
  { begins: '\x1f\x8b', name: 'compressed with gzip', cure: 'Add .gz to its name', formats: [] },
  {
    begins: '\x28\xb5\x2f\xfd',
    name: 'compressed with Zstandard',
    cure: 'Add .zst to its name',
    formats: [],
  },
  { begins: 'SQLite format 3', name: 'an SQLite database', cure: 'Export the table', formats: [] },
  {
    begins: /^(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|\?xml)/i,
    name: 'HTML or XML',
    cure: 'Look at its content: a download may have answered with an error page',
    formats: [],
  },
  {
    begins: /^(?:\xef\xbb\xbf)?\s*(?:\{\s*"[^"]*"\s*:|\[\s*\{\s*")/,
    name: 'JSON',
    cure: 'Name it .jsonl or .json, or set input.format: json',
    formats: ['json'],
  },
];

const HEAD_BYTES = 256;

/** Throws `INPUT_UNREADABLE` for a file that plainly is of another kind than its name says. */
export async function assertIsWhatItSays(
  sources: readonly Pick<SourceFile, 'path'>[],
  format: TableFormat,
): Promise<void> {
  for (const { path } of sources) {
    if (/\.(gz|zst)$/i.test(path)) continue;
    const head = await firstBytes(path);
    const kind = KINDS.find(({ begins }) =>
      typeof begins === 'string' ? head.startsWith(begins) : begins.test(head),
    );
    if (kind === undefined || kind.formats.includes(format)) continue;
    throw new ServeBatchError(
      'INPUT_UNREADABLE',
      `${path} is ${kind.name}; ${FORMAT_NAMES[format]} was expected. ${kind.cure}.`,
      { fields: { file: path } },
    );
  }
}

const FORMAT_NAMES: Readonly<Record<TableFormat, string>> = {
  parquet: 'Parquet',
  csv: 'CSV',
  json: 'JSON',
  arrow: 'Arrow',
};

async function firstBytes(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await file.close();
  }
}
