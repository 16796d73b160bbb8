// Replaces the files of dist/ that Node is started with by bundles of themselves: to find, read and link a thousand
// small files took longer than a small run. The modules of the library stay as they are.
//   node scripts/bundle.mjs    after tsc has filled dist/
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { splitChunk } from './compiled-chunks.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const src = join(root, 'src');
const dist = join(root, 'dist');
const CHUNKS = 'chunks';

/** What is started: the command line, and the processes and threads that it starts. */
const ENTRIES = [
  'cli/main',
  'children/child',
  'children/compiled/load-compiled',
  'devices/probe-child',
  'inference/session-thread',
  'serving/reports/report-child',
  'source/csv/direct/copy-thread',
];

/**
 * What `run` of a table that a folder holds loads, in its two kinds of processes, beyond what these import at
 * once. Each kind has one file, and one what they share. test/e2e/start.test.ts holds the list to what is loaded.
 */
const LOADED_BY_RUN = {
  parent: [
    'cli/start',
    'cli/job-of-flags',
    'cli/watch/watch-run',
    'cli/watch/announce-run',
    'cli/watch/reporter-of-job',
    'jobs/run-job',
  ],
  child: ['children/child', 'inference/trees/tree-session', 'inference/trees/recipe-file'],
};

/** Packages that are part of the bundle: plain JavaScript that each start loads. All others stay where npm put them. */
const BUNDLED = [
  '@duckdb/node-api',
  '@petamoriken/float16',
  'commander',
  'croner',
  'fastest-levenshtein',
  'fdir',
  'picomatch',
  'tinyglobby',
  'yaml',
  'zod',
];

function packageOf(id) {
  return /^(@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? id;
}

function isExternal(id) {
  if (id.startsWith('.') || id.startsWith('/')) return false;
  return isBuiltin(id) || !BUNDLED.includes(packageOf(id));
}

const moduleFile = (name) => join(src, `${name}.ts`);

/** A module finds its neighbours from where tsc put it, wherever the bundle has it. */
const OWN_URL = 'import.meta.url';
const ownPlaces = {
  name: 'own-places',
  transform(code, id) {
    if (!id.startsWith(src) || !code.includes(OWN_URL)) return null;
    const place = relative(src, id).replace(/\.ts$/, '.js');
    return { code: code.replaceAll(OWN_URL, `OWN_URL_OF("${place}")`), map: null };
  },
  renderChunk(code, { fileName }) {
    if (!code.includes('OWN_URL_OF(')) return null;
    const place = (_, path) => `new URL("${relative(dirname(fileName), path)}", ${OWN_URL}).href`;
    return { code: code.replaceAll(/OWN_URL_OF\("([^"]+)"\)/g, place), map: null };
  },
};

/** Each start checks a handful of objects: the functions that zod would write for it take longer than they save. */
const ZOD_CONFIG = '__zod_globalConfig = {}';
const interpretedZod = {
  name: 'interpreted-zod',
  transform(code, id) {
    if (!id.endsWith('/zod/v4/core/core.js')) return null;
    if (!code.includes(ZOD_CONFIG)) throw new Error('zod keeps its configuration elsewhere: see ZOD_CONFIG.');
    return { code: code.replace(ZOD_CONFIG, '__zod_globalConfig = { jitless: true }'), map: null };
  },
};

/** All that modules import at once, and what that imports. */
function closureOf(names, context) {
  const found = new Set();
  const visit = (id) => {
    if (found.has(id)) return;
    found.add(id);
    for (const each of context.getModuleInfo(id)?.importedIds ?? []) visit(each);
  };
  for (const name of names) visit(moduleFile(name));
  return found;
}

/** The groups whose compiled form is kept from one start to the next: nearly all that a run loads. */
const COMPILED = ['shared', 'run', 'worker'];

let groups;
/** The file of a module that each run loads. Null: where it is imported. */
function groupOf(id, context) {
  groups ??= {
    // Has to be there before all else is loaded.
    first: closureOf(['cli/main'], context),
    parent: closureOf(LOADED_BY_RUN.parent, context),
    child: closureOf(LOADED_BY_RUN.child, context),
  };
  // To load what is started does what it is started for.
  if (ENTRIES.some((name) => id === moduleFile(name))) return null;
  if (groups.first.has(id)) return 'first';
  const isOfParent = groups.parent.has(id);
  const isOfChild = groups.child.has(id);
  if (isOfParent && isOfChild) return 'shared';
  if (isOfParent) return 'run';
  return isOfChild ? 'worker' : null;
}

/** The licences of what is part of the bundle ask to be passed on with it. */
function notices(modules) {
  const packages = new Set(
    modules.map((id) => /.*\/node_modules\/(@[^/]+\/[^/]+|[^/]+)/.exec(id)?.[0]).filter(Boolean),
  );
  const texts = [...packages].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return `${name} ${version} (${license})\n\n${licenceIn(folder)}`;
  });
  return `The files of this folder contain these packages:\n\n${texts.join('\n\n---\n\n')}\n`;
}

function licenceIn(folder) {
  for (const name of ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'LICENCE', 'license', 'LICENSE-MIT']) {
    try {
      return readFileSync(join(folder, name), 'utf8').trim();
    } catch {}
  }
  return '';
}

rmSync(join(dist, CHUNKS), { recursive: true, force: true });
const bundle = await rolldown({
  input: Object.fromEntries(ENTRIES.map((name) => [name, moduleFile(name)])),
  external: isExternal,
  platform: 'node',
  resolve: { extensions: ['.ts', '.js'] },
  plugins: [ownPlaces, interpretedZod],
  preserveEntrySignatures: 'allow-extension',
  // Those stand where a module may be loaded late, whoever else loads it.
  checks: { ineffectiveDynamicImport: false },
});
const { output } = await bundle.write({
  dir: dist,
  format: 'es',
  entryFileNames: '[name].js',
  chunkFileNames: `${CHUNKS}/[name]-[hash].js`,
  sourcemap: true,
  sourcemapExcludeSources: true,
  // A group would take what its modules import from the other groups.
  codeSplitting: {
    includeDependenciesRecursively: false,
    groups: [{ name: groupOf, debugName: 'loaded by run' }],
  },
});
await bundle.close();
const chunks = output.filter(({ type }) => type === 'chunk');
// We do not install the bundler's helpers. It imports one for a tagged template that holds `</script>`.
const helped = chunks.find(({ imports }) => imports.some((name) => name.startsWith('@oxc-project/')));
if (helped !== undefined)
  throw new Error(
    `${helped.fileName} would import ${helped.imports.find((name) => name.startsWith('@oxc-project/'))}`,
  );
for (const { fileName, code } of chunks.filter(({ name }) => COMPILED.includes(name))) {
  const bodyName = basename(fileName).replace(/\.js$/, '.cjs');
  const { facade, body } = splitChunk(fileName, code, bodyName);
  writeFileSync(join(dist, CHUNKS, bodyName), body);
  writeFileSync(join(dist, fileName), facade);
}
writeFileSync(join(dist, CHUNKS, 'LICENSES.txt'), notices(chunks.flatMap(({ moduleIds }) => moduleIds)));
