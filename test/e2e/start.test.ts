import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { REPOSITORY } from '../support/cli.ts';
import { makeProject, type Project, temporaryFolder } from '../support/project.ts';

/** The files that one process had loaded when it ended. */
type Loaded = readonly string[];

/** Node tells of each process, and of its children, what it has loaded. */
async function loadedBy(
  project: Project,
  args: readonly string[],
): Promise<{ readonly parent: Loaded; readonly child: Loaded; readonly stderr: string }> {
  const folder = await temporaryFolder();
  const env = {
    ...{ NODE_V8_COVERAGE: folder, XDG_CACHE_HOME: project.path('cache') },
    // Each process that reads it says that it is missing.
    ...{ NODE_EXTRA_CA_CERTS: project.path('missing.pem'), NODE_OPTIONS: '' },
  };
  const { code, stderr } = await project.inOwnProcess(args, { env });
  expect(code, stderr).toBe(0);
  const processes = await Promise.all((await readdir(folder)).map((name) => filesOf(join(folder, name))));
  const startedWith = (name: string): Loaded =>
    processes.find((files) => files.some((file) => file.endsWith(name))) ?? [];
  expect(processes).toHaveLength(2);
  return { parent: startedWith('dist/cli/main.js'), child: startedWith('dist/children/child.js'), stderr };
}

async function filesOf(coverage: string): Promise<Loaded> {
  const { result } = JSON.parse(await readFile(coverage, 'utf8')) as { result: { url: string }[] };
  return result.map(({ url }) => url).filter((url) => url.startsWith('file:'));
}

const packagesOf = (files: Loaded): readonly string[] =>
  [...new Set(files.flatMap((file) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []))].sort();

describe('a run of a table with a model of trees, the second of its model', () => {
  let parent: Loaded;
  let child: Loaded;
  let stderr: string;
  let project: Project;
  beforeAll(async () => {
    project = await makeProject();
    const run = ['run', 'sales', '--kv', 'none', '--quiet'];
    await project.serveBatch(run);
    ({ parent, child, stderr } = await loadedBy(project, [...run, '--force']));
  });

  it('loads few files: what a run needs is in one file for each process, and one for both', () => {
    expect(parent.length, parent.map((file) => basename(file)).join(' ')).toBeLessThanOrEqual(15);
    expect(child.length, child.map((file) => basename(file)).join(' ')).toBeLessThanOrEqual(21);
  });

  // From Node 22 on, Node itself does it.
  it.runIf(process.version.startsWith('v20.'))(
    'keeps what V8 compiled of them for the next run',
    async () => {
      const kept = await readdir(project.path('cache/serve-batch/compiled'));
      expect(kept.map((name) => name.replace(/-.{8}\.cjs/, '').replace(/-[0-9a-f]+$/, '')).sort()).toEqual([
        'run-run',
        'shared-child',
        'shared-run',
        'worker-child',
      ]);
    },
  );

  // Later versions read it when they need it.
  it.runIf(process.version.startsWith('v20.'))(
    'reads the certificates of the user in one process only: the child speaks to nobody',
    () => {
      expect(stderr.match(/Ignoring extra certs/g)).toHaveLength(1);
    },
  );

  it('loads nothing that the job does not ask for: no ONNX Runtime, store, bucket, server or span', () => {
    expect(packagesOf(parent)).toEqual([]);
    expect(packagesOf(child)).toEqual(['@duckdb/node-bindings', 'detect-libc']);
  });
});

it('ONNX Runtime is told to report nothing before it is loaded, in the bundle, too', async () => {
  const chunks = join(REPOSITORY, 'dist/chunks');
  const files = (await readdir(chunks)).filter((name) => name.endsWith('.js'));
  const texts = await Promise.all(files.map((name) => readFile(join(chunks, name), 'utf8')));
  const loaders = texts.filter((text) => /^import .*"onnxruntime-node"/m.test(text));
  expect(loaders).toHaveLength(1);
  expect(loaders[0]?.split('\n')[0]).toMatch(/^import "\.\/disable-telemetry-.*"/);
});
