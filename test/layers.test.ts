import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../src', import.meta.url));

/** As docs/architecture.md lists them. A file directly in src/ (index.ts) is of the last layer. */
const LAYERS: readonly (readonly string[])[] = [
  ['core'],
  ['storage'],
  ['source', 'features', 'inference', 'kv', 'runs'],
  ['sinks', 'publish', 'config', 'gates', 'accuracy'],
  ['shard', 'planning', 'lookup', 'compare'],
  ['tuning'],
  ['tasks'],
  ['children', 'devices', 'queue'],
  ['jobs'],
  ['schedule', 'init', 'notify', 'history', 'report'],
  ['serving'],
  ['cli', 'index.ts'],
];

interface Import {
  readonly from: string;
  readonly to: string;
  /** Gone when the code runs. */
  readonly isType: boolean;
  /** Happens only once it is wanted. */
  readonly isDynamic: boolean;
  /** Another process runs it. */
  readonly isStarted: boolean;
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
const imports = files.flatMap((file) => importsOf(file));

/** Static, dynamic and type imports of files of src/, and files that are started by their URL. */
function importsOf(file: string): Import[] {
  const text = readFileSync(join(SRC, file), 'utf8');
  const found = text.matchAll(
    /(import type [^;]*?from|from|import\(|import|new URL\()\s*['"](\.{1,2}\/[^'"]+)['"]/g,
  );
  return [...found]
    .map(([, how = '', path = '']) => ({
      from: file,
      to: relative(SRC, join(SRC, dirname(file), path)).replace(/\.js$/, '.ts'),
      isType: how.startsWith('import type'),
      isDynamic: how === 'import(' || how === 'new URL(',
      isStarted: how === 'new URL(',
    }))
    .filter(({ to }) => !to.startsWith('..'));
}

function folderOf(file: string): string {
  return file.split('/')[0] ?? file;
}

function layerOf(file: string): number {
  return LAYERS.findIndex((folders) => folders.includes(folderOf(file)));
}

const text = ({ from, to }: Import): string => `${from} imports ${to}`;

describe('the layers of the architecture', () => {
  it('every folder has one', () => {
    expect(files.filter((file) => layerOf(file) === -1)).toEqual([]);
  });

  it('imports are found at all', () => {
    expect(imports.length).toBeGreaterThan(300);
    expect(imports.map(text)).toContain('shard/run-shard.ts imports core/plan.ts');
    expect(imports.map(text)).toContain('cli/commands/run.ts imports jobs/run-job.ts');
    expect(imports.map(text)).toContain('children/start-child.ts imports children/child.ts');
  });

  it('a folder imports only from folders of the layers above it: not from below, not from its siblings', () => {
    const wrong = imports.filter(
      ({ from, to }) => folderOf(from) !== folderOf(to) && layerOf(to) >= layerOf(from),
    );
    expect(wrong.map(text)).toEqual([]);
  });

  it('nothing imports index.ts', () => {
    expect(imports.filter(({ to }) => to === 'index.ts').map(text)).toEqual([]);
  });

  it('only inference/ imports onnxruntime, and only in the file that switches its telemetry off first', () => {
    const users = files.filter((file) =>
      /['"]onnxruntime-\w+['"]/.test(readFileSync(join(SRC, file), 'utf8')),
    );
    const loaders = users.filter((file) =>
      /(?:im|ex)port .*from 'onnxruntime-node'/.test(readFileSync(join(SRC, file), 'utf8')),
    );
    expect(loaders).toEqual(['inference/onnxruntime.ts']);
    const [first] = readFileSync(join(SRC, 'inference/onnxruntime.ts'), 'utf8').split('\n');
    expect(first).toBe("import './disable-telemetry.ts';");
  });

  it('commands that do not serve load nothing of the server', () => {
    const users = files.filter((file) =>
      /from '(fastify|prom-client|@grpc\/[a-z-]+)'/.test(readFileSync(join(SRC, file), 'utf8')),
    );
    expect(new Set(users.map(folderOf))).toEqual(new Set(['serving']));
    const loaded = new Set<string>();
    const load = (file: string): void => {
      if (loaded.has(file)) return;
      loaded.add(file);
      for (const each of imports) if (each.from === file && !each.isType && !each.isDynamic) load(each.to);
    };
    load('cli/main.ts');
    load('index.ts');
    expect(loaded.size).toBeGreaterThan(50);
    expect([...loaded].filter((file) => folderOf(file) === 'serving')).toEqual([]);
  });

  it('only workers, readers and commands for one purpose open stores whole: nothing that runs jobs or the schedule', () => {
    const openers = files.filter((file) => /\bopenStore\(/.test(readFileSync(join(SRC, file), 'utf8')));
    const folders = new Set(openers.map(folderOf));
    expect(folders).toEqual(new Set(['kv', 'tasks', 'lookup', 'serving', 'cli']));
    // These only read: a command that changes a store has a worker do it.
    expect(openers.filter((file) => folderOf(file) === 'cli').sort()).toEqual([
      'cli/commands/lookup.ts',
      'cli/doctor/check-lmdb.ts',
      'cli/doctor/check-published.ts',
      'cli/trace-prediction.ts',
    ]);
    // Whatever goes on for long: what it loads opens no file of LMDB. Workers are started by their URL.
    const loaded = new Set<string>();
    const load = (file: string): void => {
      if (loaded.has(file)) return;
      loaded.add(file);
      for (const each of imports) if (each.from === file && !each.isType && !each.isStarted) load(each.to);
    };
    load('jobs/run-job.ts');
    load('jobs/publish/reload-store.ts');
    load('jobs/hand-out/finish-run.ts');
    load('schedule/serve.ts');
    load('schedule/tick.ts');
    load('cli/schedule-context.ts');
    expect([...loaded]).toContain('kv/lmdb/lmdb-pointer.ts');
    expect([...loaded].filter((file) => /lmdb-(store|file|fence|generation)|load-lmdb/.test(file))).toEqual(
      [],
    );
  });

  it('no file imports itself in a circle, types aside', () => {
    const next = new Map<string, string[]>();
    for (const { from, to } of imports.filter(({ isType }) => !isType))
      next.set(from, [...(next.get(from) ?? []), to]);
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
      if (path.includes(file) || done.has(file)) return;
      for (const each of next.get(file) ?? []) visit(each, [...path, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
    expect(circles).toEqual([]);
  });
});
