import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { describe, expect, it } from 'vitest';
import { TLS_FILES } from '../../support/redis-server.ts';
import { startTestServer } from '../served-store.ts';

const [ca, cert, key] = [TLS_FILES.ca, TLS_FILES.cert, TLS_FILES.key].map((file) =>
  readFileSync(file, 'utf8'),
);

/** The status of an answer, or why there was none. */
async function ask(url: string, options: object): Promise<number | string> {
  const asked = request(`${url}/healthz`, { ...options, agent: false });
  asked.end();
  try {
    const [response] = await once(asked, 'response');
    response.resume();
    return response.statusCode;
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}

describe('TLS', () => {
  it('answers clients that trust its authority', async () => {
    const { url } = await startTestServer([], { tls: { cert, key } });
    expect(url).toMatch(/^https:/);
    expect(await ask(url, { ca })).toBe(200);
    expect(await ask(url, {})).not.toBe(200);
    await expect(fetch(`${url.replace('https', 'http')}/healthz`)).rejects.toThrow();
  });

  it('with an authority for clients, lets in only those that have a certificate of it', async () => {
    const { url } = await startTestServer([], {
      tls: { cert, key, ca, requestCert: true, rejectUnauthorized: true },
    });
    expect(await ask(url, { ca, cert, key })).toBe(200);
    expect(await ask(url, { ca })).not.toBe(200);
  });
});
