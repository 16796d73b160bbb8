import { lmdbFolder } from './lmdb/lmdb-kind.ts';
import { findStoppedWriter, type StoppedWriter } from './lmdb/lmdb-stopped-writer.ts';
import { storeKindOf } from './store-kinds.ts';

/** Who was stopped while it writes to a job's store, so that nobody else can. Null: nobody, or its server minds that itself. */
export async function stoppedWriterOf(url: string, job: string): Promise<StoppedWriter | null> {
  return storeKindOf(url)?.name === 'lmdb' ? findStoppedWriter(lmdbFolder(url), job) : null;
}
