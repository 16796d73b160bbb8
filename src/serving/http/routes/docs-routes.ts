import type { FastifyInstance } from 'fastify';
import type { ServerParts } from '../http-server.ts';
import { docsPage } from '../openapi/docs-page.ts';
import { openApiDocument } from '../openapi/openapi.ts';

/** Nothing but the styles of the page itself. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";

/** What can be asked, for programs and for people. */
export function addDocsRoutes(app: FastifyInstance, { limits }: ServerParts): void {
  const document = openApiDocument({ mostKeys: limits.keys });
  const page = docsPage(document);
  const config = { isPage: true };
  app.get('/openapi.json', { config }, async () => document);
  app.get('/docs', { config }, async (_, reply) => {
    reply.header('content-type', 'text/html; charset=utf-8').header('content-security-policy', POLICY);
    return page.text;
  });
}
