import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Redis } from 'ioredis';
import { JOB } from './project.ts';

// A bare node:http server of the size of a real answer: a constant, or one HGET with the URL of a Redis.
const [url = ''] = process.argv.slice(2);
const redis = url.startsWith('redis') ? new Redis(url) : null;
const generation = redis === null ? '' : await redis.get(`${JOB}:current`);
const rest = `,"rest":"${'x'.repeat(270)}"}`;

const server = createServer(async (request, response) => {
  const query = new URLSearchParams(request.url?.split('?')[1]);
  const value =
    redis === null
      ? '14.964146'
      : await redis.hget(
          `${JOB}:${generation}:${query.get('store')}:${query.get('product')}`,
          query.get('date') ?? '',
        );
  const body = `{"value":${value}${rest}`;
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.setHeader('content-length', Buffer.byteLength(body));
  response.end(body);
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`Listening on http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
