import type { FastifyRequest } from 'fastify';
import type { Log } from '../../core/effects.ts';

/** Tells the operator what the client is not told. */
export function logFault(log: Log, request: FastifyRequest, error: unknown): void {
  log.error(`${request.method} ${request.routeOptions.url ?? ''} failed unexpectedly`, {
    error: error instanceof Error ? error.stack : String(error),
  });
}
