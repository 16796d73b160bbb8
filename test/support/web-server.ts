import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Received {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly type: string | undefined;
  readonly authorization: string | undefined;
  readonly body: string;
}

/** A server on loopback that answers with these statuses in turn, the last one again and again; 0: not at all. */
export async function webServer(...statuses: readonly number[]) {
  const received: Received[] = [];
  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    let body = '';
    for await (const piece of request) body += piece;
    const status = statuses[Math.min(received.length, statuses.length - 1)] ?? 200;
    const { 'content-type': type, authorization } = request.headers;
    received.push({ method: request.method, url: request.url, type, authorization, body });
    if (status !== 0) response.writeHead(status).end('seen');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks/s3cret` };
}
