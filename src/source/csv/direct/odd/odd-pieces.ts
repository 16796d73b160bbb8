import type { CsvDialect } from '../../csv-dialect.ts';
import type { CopiedFile, PieceTask, TaskSegment } from '../group-copier.ts';
import type { CarefulLine, OddLine } from './odd-lines.ts';
import type { OddTexts } from './odd-texts.ts';

/** Lines of files that are written alike, in order. */
export interface LinesOfFile {
  readonly dialect: CsvDialect;
  /** Each without its newline. */
  readonly lines: readonly Uint8Array[];
}

/** Lines of all pieces that are read with care: each is held in memory, with its values. */
const MOST_LINES = 50_000;
const MOST_BYTES = 16 << 20;

interface OddPiece {
  readonly task: PieceTask;
  readonly lines: readonly OddLine[];
}

/** Pieces that have odd lines: they are copied once the values of those lines are known. */
export class OddPieces {
  readonly #files: readonly CopiedFile[];
  readonly #pieces: OddPiece[] = [];
  readonly #texts = new Map<number, readonly CarefulLine[]>();
  #lines = 0;
  #bytes = 0;

  constructor(files: readonly CopiedFile[]) {
    this.#files = files;
  }

  get isEmpty(): boolean {
    return this.#pieces.length === 0;
  }

  /** False: there are too many for it to be worth while. */
  add(task: PieceTask, lines: readonly OddLine[]): boolean {
    this.#pieces.push({ task, lines });
    this.#lines += lines.length;
    this.#bytes += lines.reduce((sum, { bytes }) => sum + bytes.length, 0);
    return this.#lines <= MOST_LINES && this.#bytes <= MOST_BYTES;
  }

  lines(): readonly LinesOfFile[] {
    const found: { readonly dialect: CsvDialect; readonly lines: Uint8Array[] }[] = [];
    for (const { task, lines } of this.#pieces)
      for (const { segment, bytes } of lines) {
        const { dialect } = this.#files[task.segments[segment]?.file ?? -1] as CopiedFile;
        const last = found.at(-1);
        if (last?.dialect === dialect) last.lines.push(bytes);
        else found.push({ dialect, lines: [bytes] });
      }
    return found;
  }

  /** The pieces with the values of their odd lines: those of all pieces, in order. */
  *tasks(lines: readonly CarefulLine[]): Generator<PieceTask> {
    let from = 0;
    for (const { task, lines: odd } of this.#pieces) {
      const own = lines.slice(from, from + odd.length);
      from += odd.length;
      this.#texts.set(task.place, own);
      const segments = task.segments.flatMap((segment, index) => {
        const places = odd.flatMap((line, place) => (line.segment === index ? [place] : []));
        return withKnownLines(
          segment,
          places.map((place) => ({ line: odd[place] as OddLine, known: own[place] as CarefulLine })),
        );
      });
      yield { ...task, segments };
    }
  }

  /** The texts of a piece's odd lines, by the rows that these are. */
  textsOf(place: number, rows: readonly number[]): readonly OddTexts[] {
    const lines = this.#texts.get(place) ?? [];
    return rows.map((row, index) => ({ row, texts: lines[index]?.odd ?? null }));
  }
}

/** The lines between the odd ones, and those with their values. */
function withKnownLines(
  segment: TaskSegment,
  odd: readonly { readonly line: OddLine; readonly known: CarefulLine }[],
): readonly TaskSegment[] {
  const segments: TaskSegment[] = [];
  let from = segment.from;
  for (const { line, known } of odd) {
    segments.push({ ...segment, from, to: line.from });
    segments.push({ ...segment, from: line.from, to: line.to, cells: known.cells });
    from = line.to;
  }
  segments.push({ ...segment, from, to: segment.to });
  return segments.filter(({ from, to }) => from < to);
}
