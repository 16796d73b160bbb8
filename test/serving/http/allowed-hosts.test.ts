import { once } from 'node:events';
import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { AllowedHosts } from '../../../src/serving/http/allowed-hosts.ts';
import { startTestServer } from '../served-store.ts';

describe('the names by which a server is addressed', () => {
  const local = new AllowedHosts('127.0.0.1', ['Forecasts.example.org', '[fe80::1]']);

  it.each([
    undefined,
    'localhost',
    'LOCALHOST:8080',
    'localhost.:8080',
    'a.localhost',
    '127.0.0.1:8080',
    '127.9.9.9',
    '[::1]',
    '[::1]:8080',
    'forecasts.example.org:443',
    '[fe80::1]:80',
  ])('%s is taken', (host) => {
    expect(local.allows(host)).toBe(true);
  });

  it.each([
    '',
    'evil.example.org',
    'evil.example.org:8080',
    '127.0.0.1.evil.example.org',
    'localhost.evil.example.org',
    'notlocalhost',
    '10.0.0.1',
    '0.0.0.0:8080',
    '[::2]',
    'x.forecasts.example.org',
  ])('"%s" is refused', (host) => {
    expect(local.allows(host)).toBe(false);
  });

  it('beyond this machine all are taken', () => {
    for (const listensOn of ['0.0.0.0', '::', '10.0.0.1', 'forecasts'])
      expect(new AllowedHosts(listensOn).allows('any.example.org')).toBe(true);
  });

  it('403 for a page that leads its own name here, probes and pages included', async () => {
    const { url } = await startTestServer([], {});
    for (const path of ['/v1/jobs', '/healthz', '/docs', '/metrics', '/nothing']) {
      const asked = request(`${url}${path}`, { headers: { host: 'evil.example.org' }, agent: false });
      asked.end();
      const [response] = await once(asked, 'response');
      const text = Buffer.concat(await response.toArray()).toString();
      expect({ status: response.statusCode, ...JSON.parse(text) }).toEqual({
        status: 403,
        error: { code: 'HOST_NOT_ALLOWED', message: expect.stringContaining('--allow-host') },
      });
    }
  });
});
