import { type FileHandle, open, rm, stat } from 'node:fs/promises';
import type { CsvOptions } from '../../formats/input-options.ts';
import { isSimple } from '../plain/file-head.ts';
import type { Newline } from '../plain/record-automaton.ts';
import type { StagedColumn } from '../staged-columns.ts';
import { type CsvGroup, isOnlyEmptyNull, placeOf } from '../staging-select.ts';
import { hasOwnBytes } from './cell-format.ts';
import { type Copiers, ownCopier, threadCopiers } from './copiers.ts';
import { type Piece, PieceCutter } from './cut-pieces.ts';
import { bytesOfThread, directColumns } from './direct-columns.ts';
import type { CopiedFile, CopiedGroup, CopySpec } from './group-copier.ts';
import { MAGIC, parquetFooter, type RowGroup } from './parquet-footer.ts';
import { stagedKind } from './staged-kind.ts';

export interface DirectRequest {
  readonly groups: readonly CsvGroup[];
  readonly columns: readonly StagedColumn[];
  readonly options: CsvOptions;
  readonly target: string;
  readonly threads: number;
  /** Ends the work, which then throws. */
  readonly signal: AbortSignal;
}

/** A file from which on threads are worth their start. */
const BYTES_OF_A_THREAD = 16 << 20;
/** What all threads may take together. */
const MOST_BYTES = 320 << 20;

/**
 * Copies CSV files into a typed Parquet file without DuckDB, where all columns are of types that are read here,
 * and all cells are plain: of each file, its rows. Null: they are not; nothing is left of the copy.
 */
export async function copyDirectly(request: DirectRequest): Promise<readonly number[] | null> {
  const spec = await specOf(request);
  if (spec === null) return null;
  const file = await open(request.target, 'w');
  const copiers = await copiersFor(spec, request.threads);
  let rows: readonly number[] | null = null;
  try {
    rows = await copyAll(spec, { file, copiers, signal: request.signal });
    return rows;
  } finally {
    await copiers.close();
    await file.close();
    if (rows === null) await rm(request.target, { force: true });
  }
}

async function specOf({ groups, columns, options }: DirectRequest): Promise<CopySpec | null> {
  const decimalSeparator = options.decimalSeparator ?? '.';
  const copied = directColumns(columns, options);
  const isRead = ({ dialect, paths }: CsvGroup): boolean =>
    isSimple(dialect) && hasOwnBytes(dialect, decimalSeparator) && !paths.some(isPacked);
  if (copied === null || !isOnlyEmptyNull(options) || !groups.every(isRead)) return null;
  const files = groups.flatMap(({ dialect, paths }) => {
    const places = columns.map((column) => placeOf(dialect, column));
    const fields = dialect.names.map((_, field) => places.indexOf(field));
    return paths.map((path): CopiedFile => ({ path, dialect, fields }));
  });
  return { columns: copied, files, decimalSeparator };
}

function isPacked(path: string): boolean {
  return /\.(gz|zst)$/i.test(path);
}

async function copiersFor(spec: CopySpec, threads: number): Promise<Copiers> {
  let bytes = 0;
  for (const { path } of spec.files) bytes += (await stat(path)).size;
  const most = Math.floor(MOST_BYTES / bytesOfThread(spec.columns.length));
  return bytes < BYTES_OF_A_THREAD
    ? ownCopier(spec)
    : threadCopiers(spec, Math.max(1, Math.min(threads, most)));
}

async function copyAll(
  spec: CopySpec,
  {
    file,
    copiers,
    signal,
  }: { readonly file: FileHandle; readonly copiers: Copiers; readonly signal: AbortSignal },
): Promise<readonly number[] | null> {
  const newlines: Newline[] = [];
  const cutter = new PieceCutter(spec.files, (index, { newline }) => {
    newlines[index] = newline;
  });
  const writer = new GroupWriter(file);
  await writer.begin();
  const underWay: Promise<CopiedGroup | null>[] = [];
  const take = async (): Promise<boolean> => {
    const group = await underWay.shift();
    signal.throwIfAborted();
    if (group === null || group === undefined) return false;
    await writer.write(group);
    return true;
  };
  const start = (piece: Piece): void => {
    const task = { ...piece, newlines: piece.segments.map((each) => newlines[each.file] as Newline) };
    const copied = copiers.copy(task);
    // Whoever waits for it finds out.
    copied.catch(() => {});
    underWay.push(copied);
  };
  for await (const piece of cutter.pieces()) {
    if (piece === null) return null;
    start(piece);
    if (underWay.length > copiers.atOnce + 1 && !(await take())) return null;
  }
  while (underWay.length > 0) if (!(await take())) return null;
  await writer.end(spec);
  return cutter.rows;
}

/** Writes row groups one behind the other. */
class GroupWriter {
  readonly #file: FileHandle;
  readonly #groups: RowGroup[] = [];
  #offset = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  begin(): Promise<void> {
    return this.#append(MAGIC);
  }

  async write({ rows, chunks, bytes }: CopiedGroup): Promise<void> {
    this.#groups.push({ offset: this.#offset, rows, chunks });
    await this.#append(bytes);
  }

  end({ columns }: CopySpec): Promise<void> {
    const named = columns.flatMap(({ name, type }) => {
      const kind = stagedKind(type);
      return kind === null ? [] : [{ name, kind }];
    });
    return this.#append(parquetFooter(named, this.#groups));
  }

  async #append(bytes: Uint8Array): Promise<void> {
    for (let written = 0; written < bytes.length; ) {
      const { bytesWritten } = await this.#file.write(bytes, written, bytes.length - written, this.#offset);
      written += bytesWritten;
      this.#offset += bytesWritten;
    }
  }
}
