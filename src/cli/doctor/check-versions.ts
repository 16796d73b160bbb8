import { mkdtemp, rm } from 'node:fs/promises';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageVersion, versions } from '../../runs/record/versions.ts';
import type { CliContext } from '../context.ts';
import { type Check, failure, finding } from './check.ts';
import { within } from './within.ts';

/** A child that loads both libraries takes one or two seconds on a busy machine. */
const TIMEOUT_MS = 20_000;

/** Versions, and whether the native libraries load here. */
export async function checkVersions(
  context: Pick<CliContext, 'signal' | 'workers'>,
): Promise<readonly Check[]> {
  const { serveBatch, node, onnxruntime, duckdb } = versions();
  return [
    finding('ok', 'serve-batch', serveBatch),
    finding('ok', 'Node', node),
    checkPlatform(),
    ...(await loadEngines({ duckdb, onnxruntime }, context)),
    await loadLmdb(),
    await tryTreeEngine(),
  ];
}

function checkPlatform(): Check {
  const platform = `${process.platform} ${process.arch}, kernel ${release()}`;
  if (process.platform !== 'linux') return finding('ok', 'platform', platform);
  const glibc = glibcVersion();
  if (glibc !== null) return finding('ok', 'platform', `${platform}, glibc ${glibc}`, { glibc });
  return finding(
    'warn',
    'platform',
    `${platform}, without glibc: DuckDB and ONNX Runtime have no binaries for musl (Alpine)`,
    { glibc: null },
  );
}

/** What Node runs with; null on musl. */
function glibcVersion(): string | null {
  const { report } = process;
  // Otherwise the report looks up the names of all addresses that this process is connected to.
  Object.assign(report, { excludeNetwork: true });
  const { header } = report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime ?? null;
}

/** By a worker, as a run does it: a library that crashes while it loads ends that one. */
async function loadEngines(
  installed: { readonly duckdb: string; readonly onnxruntime: string },
  { signal, workers: source }: Pick<CliContext, 'signal' | 'workers'>,
): Promise<readonly Check[]> {
  const folder = await mkdtemp(join(tmpdir(), 'serve-batch-doctor-')).catch(() => tmpdir());
  const workers = source.start({ size: 1, place: { folder, storeUrl: null }, signal });
  try {
    const limit = { what: 'A child process', code: 'CHILD_DIED' } as const;
    const work = workers.run('describe-engines', null);
    const { duckdb } = await within(TIMEOUT_MS, limit, work);
    return [
      finding('ok', 'DuckDB', `${duckdb} loads (@duckdb/node-api ${installed.duckdb})`, { version: duckdb }),
      finding('ok', 'ONNX Runtime', `${installed.onnxruntime} loads`, { version: installed.onnxruntime }),
    ];
  } catch (error) {
    return [failure('DuckDB, ONNX Runtime', error)];
  } finally {
    await workers.close();
    if (folder !== tmpdir()) await rm(folder, { recursive: true, force: true });
  }
}

/** A processor may lack the vector instructions that the engine is made of. */
async function tryTreeEngine(): Promise<Check> {
  const { TREE_ENGINE_VERSION } = await import('../../core/engine.ts');
  const { whyNoTrees } = await import('../../inference/trees/why-no-trees.ts');
  const why = whyNoTrees();
  return why === null
    ? finding('ok', 'tree engine', `version ${TREE_ENGINE_VERSION} works`, { version: TREE_ENGINE_VERSION })
    : finding('info', 'tree engine', `cannot be had: ${why}; ONNX Runtime computes every model`);
}

async function loadLmdb(): Promise<Check> {
  try {
    await import('lmdb');
    return finding('ok', 'lmdb', `${packageVersion('lmdb')} loads`);
  } catch (error) {
    return failure('lmdb', error);
  }
}
