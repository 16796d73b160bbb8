import type { ResolvedInput } from '../core/table.ts';

/** Where an input row stands, for messages: a file and a row of it, from 1, the header not counted. */
export interface RowPlace {
  readonly file: string;
  readonly row: number;
}

/** What the input is called: its only file, or the first of them. */
export function inputName(input: Pick<ResolvedInput, 'sources' | 'grid'>): string {
  if (input.grid !== null) return 'the grid';
  const [first, ...others] = input.sources;
  const more =
    others.length === 0 ? '' : ` (and ${others.length} more ${others.length === 1 ? 'file' : 'files'})`;
  return `${first?.path ?? 'the input'}${more}`;
}

/** Files and the number of the first row of each; staged copies count as the sources they came from. */
export function filePlaces(
  input: ResolvedInput,
): readonly { readonly file: string; readonly firstRow: number }[] {
  const excerpt = input.excerpt === null ? '' : ` (${input.excerpt})`;
  if (input.staged || input.grid !== null) return [{ file: `${inputName(input)}${excerpt}`, firstRow: 0 }];
  let firstRow = 0;
  return input.files.map(({ path, rows }) => {
    const place = { file: path, firstRow };
    firstRow += rows;
    return place;
  });
}
