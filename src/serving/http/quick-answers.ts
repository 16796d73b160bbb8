import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Columns } from '../../lookup/column-text.ts';
import type { Answer } from '../served-job.ts';
import type { ServerParts } from './http-server.ts';
import { JSON_TYPE } from './routes/prediction-routes.ts';

/** As the metrics name it. */
const ROUTE = 'GET /v1/jobs/:job/predictions';
const BEFORE_JOB = '/v1/jobs/';
const BEFORE_QUERY = '/predictions?';

/**
 * Answers the most frequent request, for one prediction that the store has at hand, without routes and promises: they
 * take longer than the answer. Whatever is not as usual, errors among it, is left to the routes, which would give the
 * same answer.
 */
export function quickAnswers(parts: ServerParts, others: RequestListener): RequestListener {
  return (request, response) => {
    const beganMs = performance.now();
    const asked = isUsual(request, parts) ? readAddress(request.url ?? '') : null;
    const answer = asked === null ? null : answerOf(asked, parts);
    if (asked === null || answer?.etag == null) return others(request, response);
    send(response, answer.body, answer.etag);
    const seconds = (performance.now() - beganMs) / 1000;
    parts.metrics.observe({ route: ROUTE, job: asked.job, source: answer.source, code: 200, seconds });
  };
}

interface Asked {
  readonly job: string;
  readonly columns: Columns;
}

/** Whether it is a plain GET of somebody who is let in. */
function isUsual({ method, headers }: IncomingMessage, { hosts, tokens, isDraining }: ServerParts): boolean {
  if (method !== 'GET' || headers['if-none-match'] !== undefined || isDraining()) return false;
  return hosts.allows(headers.host) && tokens.allows(headers.authorization);
}

/** Null: another address, or one that has to be decoded. */
export function readAddress(url: string): Asked | null {
  if (!url.startsWith(BEFORE_JOB)) return null;
  const end = url.indexOf('/', BEFORE_JOB.length);
  if (end === -1 || !url.startsWith(BEFORE_QUERY, end) || /[%+#;]/.test(url)) return null;
  const columns = readQuery(url.slice(end + BEFORE_QUERY.length));
  return columns === null ? null : { job: url.slice(BEFORE_JOB.length, end), columns };
}

function readQuery(query: string): Columns | null {
  const columns: Record<string, string> = {};
  for (const part of query.split('&')) {
    const equals = part.indexOf('=');
    const name = part.slice(0, equals);
    if (equals < 1 || name in columns) return null;
    columns[name] = part.slice(equals + 1);
  }
  return columns;
}

/** Null: it has to be waited for, or there is none. */
function answerOf({ job, columns }: Asked, { jobs }: ServerParts): Answer | null {
  try {
    return jobs.peek(job)?.oneAtOnce(columns) ?? null;
  } catch {
    return null;
  }
}

function send(response: ServerResponse, body: string, etag: string): void {
  response.writeHead(200, [
    ...['content-type', JSON_TYPE, 'etag', etag, 'cache-control', 'no-cache'],
    ...['content-length', String(Buffer.byteLength(body))],
  ]);
  response.end(body);
}
