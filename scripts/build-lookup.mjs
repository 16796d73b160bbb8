// Bundles packages/lookup from the sources of serve-batch, so that there is one implementation. CommonJS, with
// an ES module in front of it: whoever loads both gets the same classes.
//   node scripts/build-lookup.mjs [FOLDER]    default: packages/lookup/dist
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const dist = process.argv[2] ?? at('packages/lookup/dist');

// What only writes to a store: the package reads, so these modules come without their code.
const WRITES =
  /[\\/]kv[\\/](group-rows|redis[\\/](redis-copy|redis-rehearsal|load[\\/].*|hash[\\/](listpack|crc64|dumped-hash|takes-dumps|redis-hash-commands)|cluster[\\/]cluster-load)|lmdb[\\/]lmdb-shard-writer)\.ts$/;

const withoutWriters = {
  name: 'without-writers',
  load(id) {
    if (!WRITES.test(id)) return null;
    const names = [
      ...readFileSync(id, 'utf8').matchAll(/^export (?:async )?(?:class|const|function\*?) (\w+)/gm),
    ];
    const refusal = "throw new Error('serve-batch-lookup only reads')";
    return names.map(([, name]) => `export function ${name}() { ${refusal}; }`).join('\n');
  },
};

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
const bundle = await rolldown({
  input: at('src/lookup/thin-client.ts'),
  external: ['ioredis', 'lmdb'],
  platform: 'node',
  resolve: { extensions: ['.ts', '.js'] },
  plugins: [withoutWriters],
});
await bundle.write({ file: `${dist}/index.cjs`, format: 'cjs', minify: true, codeSplitting: false });
await bundle.close();
writeFileSync(
  `${dist}/index.js`,
  "import client from './index.cjs';\nexport const { createLookup, ServeBatchError } = client;\n",
);
for (const name of ['index.d.ts', 'index.d.cts'])
  copyFileSync(at('packages/lookup/index.d.ts'), `${dist}/${name}`);
