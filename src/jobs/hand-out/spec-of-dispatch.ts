import { dirname, resolve } from 'node:path';
import { resolvePath } from '../../config/fields/resolve-path.ts';
import type { BoundJob } from '../../config/job-spec.ts';
import { maskUrl } from '../../core/text/secrets.ts';
import type { Dispatch } from '../../runs/dispatch/dispatch-file.ts';

/** Fields that may hold secrets, or that nothing after planning asks for: they are not written down. */
const NOT_WRITTEN = {
  ...{ params: {}, schedule: null, notify: null, heartbeat: null },
  ...{ metrics: null, lineage: null },
} as const;

/** A job as it may stand in a file of the output folder, and as it is read in any working folder. */
export function specForDispatch(spec: BoundJob): Dispatch['spec'] {
  const kv = spec.kv?.url == null ? spec.kv : { ...spec.kv, url: publicUrl(spec.kv.url) };
  const output = { ...spec.output, path: resolvePath(spec.output.path, process.cwd()) };
  const execution = { ...spec.execution, queue: null };
  return JSON.parse(JSON.stringify({ ...spec, ...NOT_WRITTEN, kv, output, execution })) as Dispatch['spec'];
}

function publicUrl(url: string): string {
  const [, path] = /^lmdb:(.+)$/.exec(url) ?? [];
  return path === undefined ? maskUrl(url) : `lmdb:${resolve(path)}`;
}

/** Addresses of a store, with passwords. */
export interface StoreUrls {
  /** On the command line; null: none. */
  readonly given: string | null;
  /** In the job file; null: none. */
  readonly declared: string | null;
}

/**
 * The job that a dispatch list was made for. The program that reads it is of the version that wrote it, as the
 * plan says: its shape is known.
 */
export function specOfDispatch(
  { spec }: Pick<Dispatch, 'spec'>,
  folderOfJob: string,
  urls: StoreUrls,
): BoundJob {
  const written = spec as unknown as BoundJob;
  const { output, kv } = written;
  return {
    ...written,
    // The folder may lie elsewhere on this machine.
    output: output.kind === 'folder' ? { ...output, path: dirname(folderOfJob) } : output,
    kv: kv === null ? null : { ...kv, url: urls.given ?? withPassword(kv.url, urls.declared) },
  };
}

/** The address of the plan has no password: the job file has it, where it names the same store. */
function withPassword(planned: string | null, declared: string | null): string | null {
  return planned !== null && declared !== null && publicUrl(declared) === planned ? declared : planned;
}
