import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { ServerParts } from './http-server.ts';

/** How often connections are looked at that took too long. */
const CHECKING_MS = 1_000;

/** Node's own server, with or without TLS; it does not listen yet. */
export function createNodeServer({ limits, tls }: ServerParts, listener: RequestListener): Server {
  const options: ServerOptions = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.idleMs,
    connectionsCheckingInterval: CHECKING_MS,
  };
  const server =
    tls === null ? createServer(options, listener) : createTlsServer({ ...options, ...tls }, listener);
  server.setTimeout(limits.idleMs);
  server.maxConnections = limits.connections;
  return server;
}
