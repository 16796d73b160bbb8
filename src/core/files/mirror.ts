import { stat } from 'node:fs/promises';
import { sep } from 'node:path';

/**
 * A local folder that shows what stands in a bucket, so that whatever works on an output folder works on a bucket.
 * The bucket is the truth. A file stands in the folder with its name and size as soon as it was seen; its content
 * comes when somebody reads it, and until then the file is a stand-in (docs/adr/0033-buckets.md).
 *
 * Whatever is to be seen by others goes to the bucket first, through `core/files/durable-file.ts`, and then to the folder.
 * Paths are those of the folder.
 */
export interface Mirror {
  readonly folder: string;
  /** `s3://bucket/prefix`, without a `/` at its end. */
  readonly address: string;
  /** The names that stand directly in a folder of the bucket now. The local folder stays as it is. */
  names(folder: string): Promise<readonly string[]>;
  /** A small file as it is in the bucket now; null: it is not there. The local folder stays as it is. */
  read(path: string): Promise<MirroredText | null>;
  /** Shows what stands directly in a folder of the bucket now. */
  list(folder: string): Promise<void>;
  /** Shows a file as it is in the bucket now. */
  look(path: string): Promise<void>;
  /** Gets the content of a file that is shown. Does nothing where it is here, or the file is not shown. */
  fetch(path: string): Promise<void>;
  put(path: string, content: string | Uint8Array): Promise<void>;
  /** Stores a file of this machine under the name of `path`. */
  putFile(path: string, file: string): Promise<void>;
  /** False where the name is taken: of several that create it, exactly one gets true. */
  create(path: string, content: string | Uint8Array): Promise<boolean>;
  removeFile(path: string): Promise<void>;
  /** With all that is in it. What makes a run count goes first. */
  removeFolder(path: string): Promise<void>;
  /** Gives back the space of a file's content, which the bucket has. */
  release(path: string): Promise<void>;
  /** Throws where the storage would overwrite what must only be created: nothing may be written to it. */
  assertUsable(): Promise<void>;
  /** Whether files of this path never leave this machine. */
  isScratch(path: string): boolean;
}

export interface MirroredText {
  readonly text: string;
  /** Since it was last written, by the clock of the storage alone. */
  readonly ageMs: number;
}

const mirrors: Mirror[] = [];

export function addMirror(mirror: Mirror): void {
  mirrors.push(mirror);
}

export function removeMirror(mirror: Mirror): void {
  const index = mirrors.indexOf(mirror);
  if (index !== -1) mirrors.splice(index, 1);
}

/** The mirror that a path is in; undefined: it is a path of this machine. */
export function mirrorOf(path: string): Mirror | undefined {
  if (mirrors.length === 0) return undefined;
  return mirrors.find(({ folder }) => path === folder || path.startsWith(`${folder}${sep}`));
}

/** As {@link mirrorOf}, where what stands at the path is to be seen by others. */
export function sharedMirrorOf(path: string): Mirror | undefined {
  const mirror = mirrorOf(path);
  return mirror?.isScratch(path) === true ? undefined : mirror;
}

/** The mirror whose bucket has this address. */
export function mirrorAt(address: string): Mirror | undefined {
  return mirrors.find((mirror) => mirror.address === address);
}

/** A path as people know it: what lies in a bucket by its address there. */
export function publicPath(path: string): string {
  const mirror = mirrorOf(path);
  return mirror === undefined
    ? path
    : `${mirror.address}${path.slice(mirror.folder.length).replaceAll(sep, '/')}`;
}

/** A text with the addresses of what lies in a bucket, instead of where this machine shows it. */
export function withPublicPaths(text: string): string {
  return mirrors.reduce((shown, { folder, address }) => shown.replaceAll(folder, address), text);
}

/** Makes sure that the content of a file is here, where the file is. */
export async function fetchContent(path: string): Promise<void> {
  await sharedMirrorOf(path)?.fetch(path);
}

/** As {@link fetchContent}, of a file that nobody has looked for yet. */
export async function obtain(path: string): Promise<void> {
  const mirror = sharedMirrorOf(path);
  if (mirror === undefined) return;
  if ((await stat(path).catch(() => null)) === null) await mirror.look(path);
  await mirror.fetch(path);
}

/** Files that are fetched at the same time. */
const FETCHED_AT_ONCE = 8;

/** As {@link fetchContent}, of many files. */
export async function fetchContents(paths: readonly string[]): Promise<void> {
  if (mirrors.length === 0) return;
  const left = paths.values();
  const lane = async (): Promise<void> => {
    for (const path of left) await fetchContent(path);
  };
  await Promise.all(Array.from({ length: FETCHED_AT_ONCE }, lane));
}

/** Shows a folder as it is now. */
export async function listAnew(folder: string): Promise<void> {
  await sharedMirrorOf(folder)?.list(folder);
}

/** Shows a file as it is now. */
export async function lookAnew(path: string): Promise<void> {
  await sharedMirrorOf(path)?.look(path);
}

/** Gives back the local space of contents that the bucket has. */
export async function releaseContent(path: string): Promise<void> {
  await sharedMirrorOf(path)?.release(path);
}

/** The time of change that only stand-ins have. */
export const STAND_IN_MS = 0;

/** Whether a file is here with its size alone. */
export async function isStandIn(path: string): Promise<boolean> {
  if (sharedMirrorOf(path) === undefined) return false;
  return (await stat(path).catch(() => null))?.mtimeMs === STAND_IN_MS;
}
