/** One line of `/proc/self/mountinfo`: see proc_pid_mountinfo(5). */
export interface Mount {
  /** The folder of the mounted file system that is shown; `/` unless a part of it was mounted. */
  readonly root: string;
  readonly mountPoint: string;
  /** `ext4`, `nfs4`, `overlay`, `cgroup2` and so on. */
  readonly type: string;
  /** Options of the file system: for cgroup v1, the controllers. */
  readonly superOptions: readonly string[];
}

/** The mounts, in the order in which they were made. Lines that are not understood are left out. */
export function parseMounts(mountInfo: string): readonly Mount[] {
  return mountInfo.split('\n').flatMap((line) => {
    // A dash ends the optional fields, of which there may be any number.
    const [before = '', after = ''] = line.split(' - ');
    const [, , , root, mountPoint] = before.split(' ');
    const [type, , superOptions = ''] = after.split(' ');
    if (root === undefined || mountPoint === undefined || type === undefined || type === '') return [];
    return [
      {
        root: unescaped(root),
        mountPoint: unescaped(mountPoint),
        type,
        superOptions: superOptions.split(','),
      },
    ];
  });
}

/** The mount that a path lies on; of several at one place, the last made hides the others. */
export function mountOf(path: string, mounts: readonly Mount[]): Mount | undefined {
  return mounts
    .filter(({ mountPoint }) => isWithin(path, mountPoint))
    .reduce<Mount | undefined>(
      (best, mount) =>
        best !== undefined && best.mountPoint.length > mount.mountPoint.length ? best : mount,
      undefined,
    );
}

/** Whether a path is a folder or lies below it; both absolute. */
export function isWithin(path: string, folder: string): boolean {
  return folder === '/' || path === folder || path.startsWith(`${folder}/`);
}

/** The kernel writes spaces, tabs, line ends and backslashes in paths as `\040` and so on. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
