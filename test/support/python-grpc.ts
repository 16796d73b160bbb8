import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ensureProgram } from './ensure-program.ts';

const run = promisify(execFile);

/** That of Debian, to which its packages belong: another one may come first in the path. */
const PYTHON = '/usr/bin/python3';

/** Makes sure that Debian's gRPC for Python is there, with its compiler, as {@link ensureProgram} does. */
export async function ensurePythonGrpc(): Promise<void> {
  for (const [module, debianPackage] of [
    ['grpc', 'python3-grpcio'],
    ['grpc_tools', 'python3-grpc-tools'],
  ] as const)
    await ensureProgram({
      name: `${module} for ${PYTHON}`,
      debianPackage,
      howTo: `with "apt-get install ${debianPackage}" (Debian, Ubuntu)`,
      isThere: () =>
        run(PYTHON, ['-c', `import ${module}`]).then(
          () => true,
          () => false,
        ),
    });
}

/** Runs Debian's Python; returns its standard output. */
export async function python(args: readonly string[]): Promise<string> {
  const { stdout } = await run(PYTHON, ['-B', ...args]);
  return stdout;
}
