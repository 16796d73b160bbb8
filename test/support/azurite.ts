import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** An Azure Blob Storage of its own: Microsoft's emulator, in memory, on a free port of this machine. */
export interface Azurite {
  /** What a client of it has in its environment. */
  readonly environment: { readonly AZURE_STORAGE_CONNECTION_STRING: string };
  stop(): Promise<void>;
}

/** The emulator's account, which Microsoft documents. */
const ACCOUNT = 'devstoreaccount1';
const KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';
const STARTED = /listens on (http:\/\/127\.0\.0\.1:\d+)/;

/** @param containers made at once */
export async function startAzurite(containers: readonly string[] = []): Promise<Azurite> {
  const folder = await mkdtemp(join(tmpdir(), 'serve-batch-azurite-'));
  const main = createRequire(import.meta.url).resolve('azurite/dist/src/blob/main.js');
  const place = ['--blobHost', '127.0.0.1', '--blobPort', '0'];
  const child = spawn(
    process.execPath,
    [main, ...place, '--inMemoryPersistence', '--skipApiVersionCheck', '--disableTelemetry'],
    { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const onExit = () => child.kill('SIGKILL');
  process.once('exit', onExit);
  const endpoint = await addressOf(child);
  const AZURE_STORAGE_CONNECTION_STRING = `DefaultEndpointsProtocol=http;AccountName=${ACCOUNT};AccountKey=${KEY};BlobEndpoint=${endpoint}/${ACCOUNT};`;
  const { BlobServiceClient } = await import('@azure/storage-blob');
  const service = BlobServiceClient.fromConnectionString(AZURE_STORAGE_CONNECTION_STRING);
  for (const each of containers) await service.createContainer(each);
  return {
    environment: { AZURE_STORAGE_CONNECTION_STRING },
    async stop() {
      process.off('exit', onExit);
      const ended = once(child, 'exit');
      if (child.kill('SIGKILL')) await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Throws where the server ends before it says where it listens. */
function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (text: Buffer) => {
        output += text;
        const endpoint = STARTED.exec(output)?.[1];
        if (endpoint !== undefined) resolve(endpoint);
      });
    child.once('exit', (code) =>
      reject(new Error(`azurite ended with ${code} before it listened:\n${output}`)),
    );
  });
}
