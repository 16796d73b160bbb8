import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Backend, HeadAnswer } from '../../src/storage/backend.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import { RemoteStorage } from '../../src/storage/remote-storage.ts';
import type { RequestPolicy } from '../../src/storage/request-policy.ts';
import { RequestFailure } from '../../src/storage/storage-errors.ts';
import { startSilentServer } from '../support/silent-server.ts';

const QUICK: RequestPolicy = { deadlineMs: 60_000, attempts: 3, pauseMs: 1 };
const PLACE = { scheme: 's3', bucket: 'bucket', key: 'runs' } as const;

/** A backend that does only what a test says. */
function backend(changes: Partial<Backend>): Backend {
  const none = (): never => {
    throw new Error('not expected');
  };
  return {
    credentials: 'THE_KEY',
    ...{ get: none, head: none, listPage: none, put: none, putFile: none, create: none, delete: none },
    failure: (error) =>
      error instanceof RequestFailure ? error.failure : { kind: 'refused', reason: String(error) },
    close() {},
    ...changes,
  };
}

const storageOver = (changes: Partial<Backend>, policy = QUICK): RemoteStorage =>
  new RemoteStorage(PLACE, backend(changes), policy);

function head(key: string, nonce?: string): HeadAnswer {
  return { key, bytes: 1, version: '1', modifiedMs: 0, serverTimeMs: 0, nonce };
}

const content = Buffer.from('x');

describe('creating what is not there yet', () => {
  it('is won where the answer to the own request was lost and its repetition meets the object', async () => {
    const nonces: string[] = [];
    const storage = storageOver({
      create: async (_key, _content, nonce) => {
        nonces.push(nonce);
        throw new RequestFailure(nonces.length === 1 ? 'unavailable' : 'condition', 'x');
      },
      head: async (key) => head(key, nonces[0]),
    });
    expect(await storage.create('claim', content)).toBe('won');
    expect(nonces).toHaveLength(2);
    expect(nonces[1]).toBe(nonces[0]);
  });

  it('is lost where the object has no nonce or another, or is gone again', async () => {
    const create = async (): Promise<never> => {
      throw new RequestFailure('condition', 'x');
    };
    const others = [async (key: string) => head(key), async (key: string) => head(key, 'other')];
    for (const each of others)
      expect(await storageOver({ create, head: each }).create('a', content)).toBe('lost');
    const gone = async (): Promise<never> => {
      throw new RequestFailure('missing', 'x');
    };
    expect(await storageOver({ create, head: gone }).create('a', content)).toBe('lost');
  });

  it('is tried again where two requests met', async () => {
    let calls = 0;
    const storage = storageOver({
      create: async () => {
        if (++calls === 1) throw new RequestFailure('conflict', 'ConditionalRequestConflict');
      },
    });
    expect(await storage.create('a', content)).toBe('won');
    expect(calls).toBe(2);
  });
});

describe('requests that fail', () => {
  it.each([
    ['unavailable', 'STORAGE_UNAVAILABLE', 3, true],
    ['denied', 'STORAGE_REFUSED', 1, false],
    ['expired', 'CREDENTIALS_EXPIRED', 1, false],
    ['bucket', 'BUCKET_NOT_FOUND', 1, false],
    ['refused', 'STORAGE_REFUSED', 1, false],
  ] as const)('%s: %s after %d attempts', async (kind, code, attempts, retryable) => {
    const put = vi.fn(async () => {
      throw new RequestFailure(kind, 'the reason');
    });
    const error = await storageOver({ put })
      .put('plan.json', content)
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code, retryable });
    expect(String(error)).toContain('write s3://bucket/runs/plan.json');
    expect(String(error)).toContain('the reason');
    expect(put).toHaveBeenCalledTimes(attempts);
  });

  it('are tried again where fewer bytes come than were said', async () => {
    let calls = 0;
    const storage = storageOver({
      get: async ({ key }) => ({
        head: { ...head(key), bytes: 4 },
        body: pieces(++calls === 1 ? ['ab'] : ['ab', 'cd']),
      }),
    });
    expect(Buffer.from((await storage.read('x'))?.content ?? []).toString()).toBe('abcd');
    expect(calls).toBe(2);
  });

  it('give null for a range of a version that the server does not have, though it ignores the condition', async () => {
    const storage = storageOver({ get: async ({ key }) => ({ head: head(key), body: pieces(['x']) }) });
    expect(await storage.readRange('x', { start: 0, end: 1, version: '2' })).toBeNull();
    expect(await storage.readRange('x', { start: 0, end: 1, version: '1' })).not.toBeNull();
  });
});

it('gives up on a server that takes connections and never answers, and says so', async () => {
  const server = await startSilentServer();
  onTestFinished(() => server.close());
  onTestFinished(() => void vi.unstubAllEnvs());
  vi.stubEnv('AWS_ENDPOINT_URL_S3', `http://127.0.0.1:${server.port}`);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'a');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'b');
  const storage = await openStorage('s3://bucket', { deadlineMs: 50, attempts: 2, pauseMs: 1 });
  const calls = [storage.read('x'), storage.head('x'), storage.put('x', content), storage.listFolder('')];
  for (const call of calls)
    await expect(call).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      exitCode: 7,
      message: expect.stringContaining('no answer within 0.05 s'),
    });
});

it('gives up on a server that is not there, and says so', async () => {
  const server = await startSilentServer();
  await server.close();
  onTestFinished(() => void vi.unstubAllEnvs());
  vi.stubEnv('AWS_ENDPOINT_URL_S3', `http://127.0.0.1:${server.port}`);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'a');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'b');
  const storage = await openStorage('s3://bucket', QUICK);
  await expect(storage.read('x')).rejects.toMatchObject({
    code: 'STORAGE_UNAVAILABLE',
    message: expect.stringContaining('ECONNREFUSED'),
  });
});

async function* pieces(texts: readonly string[]): AsyncIterable<Uint8Array> {
  for (const each of texts) yield Buffer.from(each);
}
