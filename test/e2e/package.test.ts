import { execFileSync } from 'node:child_process';
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { REPOSITORY } from '../support/cli.ts';
import { temporaryFolder } from '../support/project.ts';

/** What a build needs; no `dist/`. */
const SOURCES = [
  ...['src', 'scripts', 'package.json', '.npmrc', 'tsconfig.json', 'tsconfig.build.json'],
  ...['job.schema.json', 'README.md', 'LICENSE', 'CHANGELOG.md'],
];

/** Where a consumer has installed the package. */
let consumer: string;
beforeAll(async () => {
  const clone = await temporaryFolder();
  for (const name of SOURCES) await cp(join(REPOSITORY, name), join(clone, name), { recursive: true });
  await symlink(join(REPOSITORY, 'node_modules'), join(clone, 'node_modules'));
  await leaveTypesUnchecked(join(clone, 'tsconfig.build.json'));
  execFileSync('npm', ['run', '--silent', 'package'], { cwd: clone, stdio: 'pipe' });
  const archive = (await readdir(clone)).find((name) => name.endsWith('.tgz')) ?? '';
  consumer = await temporaryFolder();
  await install(join(clone, archive), join(consumer, 'node_modules'));
  await symlink(join(REPOSITORY, 'fixtures'), join(consumer, 'fixtures'));
  await cp(join(REPOSITORY, 'jobs'), join(consumer, 'jobs'), { recursive: true });
}, 300_000);

/** Two thirds of a build, and `npm test` has begun with one that looks at them. */
async function leaveTypesUnchecked(path: string): Promise<void> {
  const config = JSON.parse(await readFile(path, 'utf8'));
  await writeFile(
    path,
    JSON.stringify({ ...config, compilerOptions: { ...config.compilerOptions, noCheck: true } }),
  );
}

/** As `npm install --ignore-scripts` would, with the libraries that are here instead of those of a registry. */
async function install(archive: string, modules: string): Promise<void> {
  await mkdir(join(modules, 'serve-batch'), { recursive: true });
  execFileSync('tar', ['xzf', archive, '--strip-components=1', '-C', join(modules, 'serve-batch')]);
  const manifest = await readFile(join(modules, 'serve-batch/package.json'), 'utf8');
  const { dependencies } = JSON.parse(manifest) as { dependencies: Record<string, string> };
  for (const name of Object.keys(dependencies)) {
    await mkdir(join(modules, name, '..'), { recursive: true });
    await symlink(join(REPOSITORY, 'node_modules', name), join(modules, name));
  }
}

it('made in a clone that was never built, and installed, runs what the demo runs', () => {
  const call = (...args: string[]): string =>
    execFileSync(process.execPath, ['node_modules/serve-batch/dist/cli/main.js', ...args], {
      cwd: consumer,
      encoding: 'utf8',
      stdio: 'pipe',
    });
  expect(call('run', '--input', 'fixtures/sales.parquet')).toContain('7,000 in, 7,000 out, 0 rejected');
  expect(call('lookup', 'sales', 'store=1', 'product=2', 'date=2026-11-21')).toMatch(/^14\.964146\n/);
});

it('is a library with types', async () => {
  const files = await readdir(join(consumer, 'node_modules/serve-batch/dist'));
  expect(files).toEqual(expect.arrayContaining(['index.js', 'index.d.ts']));
  const script = `import('serve-batch').then(({ createLookup }) => process.stdout.write(typeof createLookup))`;
  expect(execFileSync(process.execPath, ['-e', script], { cwd: consumer, encoding: 'utf8' })).toBe(
    'function',
  );
});
