// Compiles the loops of kernels/, written in AssemblyScript, to WebAssembly, and writes them as modules of src/.
//   npm run kernels    after a change in kernels/; test/kernels.test.ts says where it was forgotten
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = fileURLToPath(new URL('..', import.meta.url));

const KERNELS = [
  { source: 'kernels/row-texts.ts', target: 'src/sinks/kv/row-texts-wasm.ts' },
  { source: 'kernels/restore-hashes.ts', target: 'src/kv/redis/hash/restore-hashes-wasm.ts' },
];

const OPTIONS = [
  // The runtime without a garbage collector, as AssemblyScript calls it: kernels manage their memory themselves.
  '--runtime',
  'stub',
  '-O3',
  '--noAssert',
  '--converge',
  '--enable',
  'simd',
  '--initialMemory',
  '1',
];

for (const { source, target } of KERNELS) {
  const { error, stderr, binary } = await compile(source);
  if (error !== null) throw new Error(`${source}: ${error.message}\n${stderr}`);
  writeFileSync(`${root}/${target}`, moduleOf(source, binary));
  process.stdout.write(`${target}: ${binary.length} bytes\n`);
}

async function compile(source) {
  let binary = null;
  const writeFile = (_, contents) => {
    binary = contents;
  };
  const { error, stderr } = await asc.main([source, '--outFile', 'kernel.wasm', ...OPTIONS], {
    readFile: (name, folder) => readIfThere(`${folder}/${name}`),
    writeFile,
    listFiles: () => [],
  });
  return { error, stderr: stderr.toString(), binary };
}

function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function moduleOf(source, binary) {
  const sha256 = createHash('sha256')
    .update(readFileSync(`${root}/${source}`))
    .digest('hex');
  const lines =
    Buffer.from(binary)
      .toString('base64')
      .match(/.{1,100}/g) ?? [];
  return `// Made of ${source} by \`npm run kernels\`. Not to be edited.

/** SHA-256 of the source. */
export const SOURCE_SHA256 = '${sha256}';

export const MODULE_BASE64 =
${lines.map((line) => `  '${line}'`).join(' +\n')};
`;
}
