import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { ServeBatchError } from '../../../core/errors.ts';
import { valueJson } from '../../../lookup/parse-value.ts';
import type { PublishedView } from '../../../lookup/published-view.ts';
import type { BodyFormat } from '../../../shard/live/posted-bodies.ts';
import type { ScoredRow } from '../../live/scored-rows.ts';
import type { ServerParts } from '../http-server.ts';
import { publicError } from '../public-error.ts';

/** Of the bodies that are taken, by their media type. */
export const BODY_TYPES: Readonly<Record<string, BodyFormat>> = {
  'application/json': 'json',
  'application/x-ndjson': 'ndjson',
  'text/csv': 'csv',
  'application/vnd.apache.parquet': 'parquet',
  'application/vnd.apache.arrow.stream': 'arrow',
  'application/vnd.apache.arrow.file': 'arrow',
};

/** Rows that are posted, scored by the published run's features and model, streamed back as they are done. */
export function addScoreRoutes(app: FastifyInstance, { jobs, limits }: ServerParts): void {
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    const options = { parseAs: 'buffer' as const, bodyLimit: limits.scoreBytes };
    scope.addContentTypeParser('*', options, (_, body, done) => done(null, body));
    scope.post<{ Params: { readonly job: string } }>('/v1/jobs/:job/score', (request, reply) =>
      jobs.use(request.params.job, async (job) => {
        reply.job = job.name;
        const { model } = job.live;
        const format = formatOf(request.headers['content-type']);
        const content = Buffer.isBuffer(request.body) ? request.body.toString('base64') : '';
        const view = await job.view();
        const pieces = await model.post(view, { format, content, mostRows: limits.scoreRows });
        const isEvents = request.headers.accept?.includes('text/event-stream') === true;
        reply.source = 'live';
        reply.header('content-type', isEvents ? 'text/event-stream' : 'application/x-ndjson');
        reply.header('cache-control', 'no-store');
        const texts = scoredTexts(view, pieces, { mostMs: limits.scoreMs, write: isEvents ? event : line });
        return reply.send(Readable.from(texts));
      }),
    );
  });
}

function formatOf(contentType = ''): BodyFormat {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const format = Object.hasOwn(BODY_TYPES, type) ? BODY_TYPES[type] : undefined;
  if (format !== undefined) return format;
  throw new ServeBatchError(
    'USAGE',
    `The Content-Type is "${type.slice(0, 60)}"; expected ${Object.keys(BODY_TYPES).join(', ')}.`,
    { fields: { field: 'content-type' } },
  );
}

type Write = (kind: 'row' | 'end' | 'error', json: string) => string;

const line: Write = (_, json) => `${json}\n`;
const event: Write = (kind, json) => `event: ${kind}\ndata: ${json}\n\n`;

/** The last text says that all is there, or why it is not: a stream that was cut has neither. */
async function* scoredTexts(
  view: PublishedView,
  pieces: AsyncIterable<readonly ScoredRow[]>,
  { mostMs, write }: { readonly mostMs: number; readonly write: Write },
): AsyncGenerator<string> {
  const endMs = performance.now() + mostMs;
  let rows = 0;
  let rejects = 0;
  try {
    for await (const piece of pieces) {
      rows += piece.length;
      rejects += piece.filter(({ answer }) => answer.kind !== 'value').length;
      yield piece.map((each) => write('row', rowJson(each, view))).join('');
      if (performance.now() > endMs) throw tooSlow(rows, mostMs);
    }
    const { info, generation } = view;
    const origin = { run: info.runId, generation, model: info.model, modelSha256: info.modelSha256 };
    yield write('end', JSON.stringify({ rows, rejects, ...origin, source: 'live' }));
  } catch (error) {
    yield write('error', JSON.stringify(publicError(error).body));
  }
}

function tooSlow(rows: number, mostMs: number): ServeBatchError {
  return new ServeBatchError(
    'LIVE_UNAVAILABLE',
    `After ${mostMs / 1000} s only ${rows} rows are scored. Post fewer rows at a time.`,
  );
}

function rowJson({ row, answer }: ScoredRow, { info }: PublishedView): string {
  if (answer.kind === 'value') return `{"row":${row},"value":${valueJson(answer.text, info)}}`;
  const { column = null, reason = '' } = answer.kind === 'reject' ? answer : {};
  return JSON.stringify({ row, reject: { column, reason } });
}
