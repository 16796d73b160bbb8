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
import type { CopiedFile, CopiedPiece, CopySpec, PieceTask } from './group-copier.ts';
import type { CarefulLine } from './odd/odd-lines.ts';
import { type LinesOfFile, OddPieces } from './odd/odd-pieces.ts';
import { GroupWriter } from './parquet/group-writer.ts';

export interface DirectRequest {
  readonly groups: readonly CsvGroup[];
  readonly columns: readonly StagedColumn[];
  readonly options: CsvOptions;
  readonly target: string;
  readonly threads: number;
  /** Ends the work, which then throws. */
  readonly signal: AbortSignal;
  /** Reads lines of which a cell is not plain, in order. Null: it does not find as many records. */
  readonly readOddLines: (lines: readonly LinesOfFile[]) => Promise<readonly CarefulLine[] | null>;
}

export interface DirectCopy {
  /** Of each file. */
  readonly rows: readonly number[];
  /** Whether all cells were plain; otherwise the copy has the texts of those that were not. */
  readonly isPlain: boolean;
}

/** A file from which on threads are worth their start. */
const BYTES_OF_A_THREAD = 16 << 20;
/** What all threads may take together. */
const MOST_BYTES = 320 << 20;

/**
 * Copies CSV files into a typed Parquet file without DuckDB, where all columns are of types that are read here, and
 * nearly all cells are plain; the few lines with others are read with care. Null: they are not; nothing is left of
 * the copy.
 */
export async function copyDirectly(request: DirectRequest): Promise<DirectCopy | null> {
  const spec = await specOf(request);
  if (spec === null) return null;
  const file = await open(request.target, 'w');
  const copiers = await copiersFor(spec, request.threads);
  let copy: DirectCopy | null = null;
  try {
    copy = await copyAll(spec, { ...request, file, copiers });
    return copy;
  } finally {
    await copiers.close();
    await file.close();
    if (copy === null) await rm(request.target, { force: true });
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

interface Work extends DirectRequest {
  readonly file: FileHandle;
  readonly copiers: Copiers;
}

async function copyAll(spec: CopySpec, work: Work): Promise<DirectCopy | null> {
  const newlines: Newline[] = [];
  const cutter = new PieceCutter(spec.files, (index, { newline }) => {
    newlines[index] = newline;
  });
  const writer = new GroupWriter(work.file);
  const odd = new OddPieces(spec.files);
  await writer.begin();
  const areRead = await copyPieces(tasksOf(cutter, newlines), work, async (task, copied) => {
    if (!('chunks' in copied)) return odd.add(task, copied);
    await writer.write(task.place, copied);
    return true;
  });
  if (!areRead) return null;
  if (!odd.isEmpty) {
    const lines = await work.readOddLines(odd.lines());
    if (lines === null) return null;
    const areCopied = await copyPieces(odd.tasks(lines), work, async (task, copied) => {
      if (!('chunks' in copied)) return false;
      await writer.write(task.place, copied, odd.textsOf(task.place, copied.known));
      return true;
    });
    if (!areCopied) return null;
  }
  await writer.end(spec.columns);
  return { rows: cutter.rows, isPlain: odd.isEmpty };
}

async function* tasksOf(cutter: PieceCutter, newlines: readonly Newline[]): AsyncGenerator<PieceTask | null> {
  let place = 0;
  for await (const piece of cutter.pieces()) yield piece === null ? null : taskOf(piece, place++, newlines);
}

function taskOf({ rows, segments }: Piece, place: number, newlines: readonly Newline[]): PieceTask {
  const withNewlines = segments.map((each) => ({
    ...each,
    newline: newlines[each.file] as Newline,
    cells: null,
  }));
  return { place, rows, segments: withNewlines };
}

/** Copies pieces, as many at a time as there are copiers. `take` gets them in order; false from it ends the work. */
async function copyPieces(
  tasks: AsyncIterable<PieceTask | null> | Iterable<PieceTask>,
  { copiers, signal }: Pick<Work, 'copiers' | 'signal'>,
  take: (task: PieceTask, copied: CopiedPiece) => Promise<boolean>,
): Promise<boolean> {
  const underWay: { readonly task: PieceTask; readonly copying: Promise<CopiedPiece | null> }[] = [];
  const takeFirst = async (): Promise<boolean> => {
    const first = underWay.shift();
    const copied = (await first?.copying) ?? null;
    signal.throwIfAborted();
    return first !== undefined && copied !== null && take(first.task, copied);
  };
  for await (const task of tasks) {
    if (task === null) return false;
    const copying = copiers.copy(task);
    // Whoever waits for it finds out.
    copying.catch(() => {});
    underWay.push({ task, copying });
    if (underWay.length > copiers.atOnce + 1 && !(await takeFirst())) return false;
  }
  while (underWay.length > 0) if (!(await takeFirst())) return false;
  return true;
}
