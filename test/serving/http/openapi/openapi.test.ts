import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HTTPMethods } from 'fastify';
import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../../../src/serving/http/http-server.ts';
import { openApiText } from '../../../../src/serving/http/openapi/openapi.ts';
import { REPOSITORY } from '../../../support/cli.ts';
import { startTestServer } from '../../served-store.ts';

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly responses?: Readonly<Record<string, { readonly description?: string }>>;
}

describe('the OpenAPI document', () => {
  it('is served, and is the one that is committed', async () => {
    const server = await startTestServer([]);
    const { json } = await server.get('/openapi.json');
    const committed = readFileSync(join(REPOSITORY, 'docs/openapi.json'), 'utf8');
    expect(committed, 'run "npm run schema"').toBe(openApiText({ mostKeys: DEFAULT_LIMITS.keys }));
    expect(json).toEqual(JSON.parse(committed));
  });

  it('describes every address that is served, and no other', async () => {
    const server = await startTestServer([]);
    const { paths, openapi } = (await server.get('/openapi.json')).json as Document;
    expect(openapi).toMatch(/^3\.1\./);
    const described = Object.entries(paths).flatMap(([path, item]) =>
      ['get', 'post'].filter((method) => method in item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const own = ['GET /openapi.json', 'GET /docs'];
    for (const each of [...described, ...own]) {
      const [method = '', url = ''] = each.replaceAll(/\{(\w+)\}/g, ':$1').split(' ');
      expect({ each, isServed: server.app.hasRoute({ method: method as HTTPMethods, url }) }).toEqual({
        each,
        isServed: true,
      });
    }
    const served = server.app.printRoutes({ commonPrefix: false }).match(/GET|POST/g);
    expect(served).toHaveLength(described.length + own.length);
    for (const item of Object.values(paths))
      for (const method of ['get', 'post'])
        if (item[method] !== undefined)
          expect(item[method]).toMatchObject({
            operationId: expect.any(String),
            summary: expect.any(String),
            responses: { '403': { description: expect.any(String) } },
          });
  });

  it('is a page for people, without scripts and requests', async () => {
    const server = await startTestServer([]);
    const { json: page, headers } = await server.get('/docs');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(page).toContain('GET /v1/jobs/{job}/predictions');
    expect(page).not.toMatch(/<script|src=|https?:\/\/(?!HOST)/);
  });
});
