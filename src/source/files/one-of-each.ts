import { resolve } from 'node:path';
import type { SourceFile } from '../../core/table.ts';

/** A file as it was found, and what tells that another path is the same file. */
export interface FoundFile extends SourceFile {
  /** The path with all links followed. */
  readonly realPath: string;
  /** What hard links and bind mounts of a file have in common; null: it is not known. */
  readonly inode: string | null;
}

/**
 * Each file once: its rows count once however many links lead to it. Of several paths the one that is no
 * link stays, at its place; hard links and bind mounts are alike, and the first of them stays.
 */
export function oneOfEach(found: readonly FoundFile[]): readonly SourceFile[] {
  const same = new Map<string, FoundFile[]>();
  for (const file of found) {
    const group = same.get(file.realPath) ?? (file.inode === null ? undefined : same.get(file.inode)) ?? [];
    group.push(file);
    same.set(file.realPath, group);
    if (file.inode !== null) same.set(file.inode, group);
  }
  const chosen = new Map([...new Set(same.values())].map((group) => [stays(group), group]));
  return found.flatMap((file) => {
    const group = chosen.get(file);
    return group === undefined ? [] : [withoutLinks(file, group)];
  });
}

function stays(group: readonly FoundFile[]): FoundFile | undefined {
  return [...group].sort((a, b) => linkedLength(a) - linkedLength(b))[0];
}

/** How much of a path, up to its last link, is not in the real path: a folder above all may be a link, too. */
function linkedLength({ path, realPath }: FoundFile): number {
  const whole = resolve(path);
  let shared = 0;
  while (shared < whole.length && whole.at(-1 - shared) === realPath.at(-1 - shared)) shared++;
  return whole.length - shared;
}

function withoutLinks(
  { realPath: _, inode: __, ...file }: FoundFile,
  group: readonly FoundFile[],
): SourceFile {
  const { path } = file;
  const alsoAt = [...new Set(group.map((each) => each.path))].filter((each) => each !== path);
  return alsoAt.length === 0 ? file : { ...file, alsoAt };
}

/** What a person is told of files that were found more than once: one sentence, or none. */
export function sameFileNotes(sources: readonly SourceFile[]): readonly string[] {
  const twice = sources.flatMap(({ path, alsoAt = [] }) => alsoAt.map((also) => ({ path, also })));
  const [first] = twice;
  if (first === undefined) return [];
  const more = twice.length > 1 ? ` (and ${twice.length - 1} more such)` : '';
  return [`${first.also} is the same file as ${first.path}${more}: its rows are read once`];
}
