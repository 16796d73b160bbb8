import module from 'node:module';

/** Node 22 and newer have it; the types are those of Node 20. */
const { enableCompileCache, getCompileCacheDir } = module as {
  readonly enableCompileCache?: () => unknown;
  readonly getCompileCacheDir?: () => string | undefined;
};

/** Lets Node keep the machine code of what it loads, in its own folder for temporary files, where it can do that. */
export function keepCompiled(): void {
  enableCompileCache?.();
}

/** What lets a child process use it, too. */
export function compileCacheEnvironment(): Readonly<Record<string, string>> {
  const folder = getCompileCacheDir?.();
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: folder };
}
