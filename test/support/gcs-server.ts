import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * AN EMULATOR OF OUR OWN, NOT GOOGLE CLOUD STORAGE. There is no server of it to be had on npm or Debian, so this one
 * answers as the reference of the JSON API (cloud.google.com/storage/docs/json_api/v1) says: objects with generations,
 * `ifGenerationMatch`, ranges, listing page by page, uploads in one request of two parts or resumable in pieces. It
 * shows that our requests are those of the reference. It does not show that Google answers so.
 */
export interface GcsServer {
  /** What a client of it has in its environment. */
  readonly environment: { readonly STORAGE_EMULATOR_HOST: string };
  /** What was asked for: method and URL. */
  readonly requests: readonly string[];
  stop(): Promise<void>;
}

interface Kept {
  readonly content: Buffer;
  readonly generation: number;
  readonly updated: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A refusal as the API words it. */
class Refusal extends Error {
  readonly status: number;
  readonly reason: string;
  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

interface Upload {
  readonly bucket: string;
  readonly name: string;
  readonly query: URLSearchParams;
  readonly metadata: Readonly<Record<string, string>>;
  content: Buffer;
}

class Objects {
  readonly #buckets: ReadonlyMap<string, Map<string, Kept>>;
  readonly #uploads = new Map<string, Upload>();
  #generations = 1_700_000_000_000_000;

  readonly pageSize: number;

  constructor(buckets: readonly string[], pageSize: number) {
    this.pageSize = pageSize;
    this.#buckets = new Map(buckets.map((name) => [name, new Map()]));
  }

  bucket(name: string): Map<string, Kept> {
    const found = this.#buckets.get(name);
    if (found === undefined) throw new Refusal(404, 'notFound', 'The specified bucket does not exist.');
    return found;
  }

  /** Without versioning, an earlier generation is gone. */
  find(bucket: string, name: string, query: URLSearchParams): Kept {
    const found = this.bucket(bucket).get(name);
    const generation = query.get('generation');
    if (found === undefined || (generation !== null && generation !== String(found.generation)))
      throw new Refusal(404, 'notFound', `No such object: ${bucket}/${name}`);
    return found;
  }

  put({ bucket, name, query, metadata, content }: Upload): object {
    const before = this.bucket(bucket).get(name);
    const wanted = query.get('ifGenerationMatch');
    if (wanted !== null && wanted !== String(before?.generation ?? 0))
      throw new Refusal(
        412,
        'conditionNotMet',
        'At least one of the pre-conditions you specified did not hold.',
      );
    const kept = { content, generation: ++this.#generations, updated: new Date().toISOString(), metadata };
    this.bucket(bucket).set(name, kept);
    return resource(bucket, name, kept);
  }

  begin(upload: Upload): string {
    const id = `upload-${++this.#generations}`;
    this.#uploads.set(id, upload);
    return id;
  }

  /** The resource once all is there; null: more is to come. */
  append(id: string, range: string, content: Buffer): object | null {
    const upload = this.#uploads.get(id);
    if (upload === undefined) throw new Refusal(404, 'notFound', 'No such upload.');
    const [, start = '', end = '*', total = '*'] =
      /^bytes (?:(\d+)-(\d+|\*)|\*)\/(\d+|\*)$/.exec(range) ?? [];
    const before = start === '' ? upload.content : upload.content.subarray(0, Number(start));
    upload.content = Buffer.concat([before, content]);
    // A piece without an end is all that is left.
    const isLast = range === '' || (start !== '' && end === '*') || total === String(upload.content.length);
    if (!isLast) return null;
    this.#uploads.delete(id);
    return this.put(upload);
  }

  size(id: string): number {
    return this.#uploads.get(id)?.content.length ?? 0;
  }
}

/**
 * @param buckets made at once
 * @param pageSize how many objects and prefixes an answer lists at most
 */
export async function startGcs(buckets: readonly string[], pageSize = 1000): Promise<GcsServer> {
  const objects = new Objects(buckets, pageSize);
  const requests: string[] = [];
  const server: Server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    answer(objects, request, response).catch((error: unknown) => refuse(request, response, error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    environment: { STORAGE_EMULATOR_HOST: `http://127.0.0.1:${port}` },
    requests,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(objects: Objects, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', `http://${request.headers.host}`);
  const [, isUpload, bucket = '', name] =
    /^(\/upload)?(?:\/storage\/v1)?\/b\/([^/]+)\/o(?:\/([^/]+))?$/.exec(url.pathname) ?? [];
  const query = url.searchParams;
  if (bucket === '') throw new Refusal(404, 'notFound', `Not emulated: ${url.pathname}`);
  if (isUpload !== undefined) return upload(objects, request, response, { bucket, url });
  if (name === undefined) return send(response, list(objects, bucket, query));
  const key = decodeURIComponent(name);
  const found = objects.find(bucket, key, query);
  if (request.method === 'DELETE') {
    objects.bucket(bucket).delete(key);
    response.writeHead(204).end();
  } else if (query.get('alt') === 'media') sendContent(response, found, request.headers.range);
  else send(response, resource(bucket, key, found));
}

function sendContent(
  response: ServerResponse,
  { content, generation }: Kept,
  range: string | undefined,
): void {
  const headers = { 'x-goog-generation': String(generation), 'content-type': 'application/octet-stream' };
  const [, start = '0', end = String(content.length - 1)] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
  const part = content.subarray(Number(start), Number(end) + 1);
  const about = range === undefined ? {} : { 'content-range': `bytes ${start}-${end}/${content.length}` };
  response.writeHead(range === undefined ? 200 : 206, {
    ...headers,
    ...about,
    'content-length': part.length,
  });
  response.end(part);
}

function list(all: Objects, bucket: string, query: URLSearchParams): object {
  const objects = all.bucket(bucket);
  const [prefix, delimiter] = [query.get('prefix') ?? '', query.get('delimiter')];
  const items: object[] = [];
  const prefixes = new Set<string>();
  const most = Math.min(Number(query.get('maxResults') ?? 1000), all.pageSize);
  const names = [...objects.keys()].filter((name) => name.startsWith(prefix)).sort(byBytes);
  for (const name of names) {
    if (byBytes(name, query.get('pageToken') ?? '') < 0) continue;
    if (items.length + prefixes.size >= most) return { items, prefixes: [...prefixes], nextPageToken: name };
    const end = delimiter === null ? -1 : name.indexOf(delimiter, prefix.length);
    if (end !== -1) prefixes.add(name.slice(0, end + 1));
    else items.push(resource(bucket, name, objects.get(name) as Kept));
  }
  return { items, prefixes: [...prefixes] };
}

async function upload(
  objects: Objects,
  request: IncomingMessage,
  response: ServerResponse,
  { bucket, url }: { readonly bucket: string; readonly url: URL },
): Promise<void> {
  const query = url.searchParams;
  const body = await bodyOf(request);
  if (query.get('uploadType') === 'multipart') {
    const [about, content] = partsOf(body, request.headers['content-type'] ?? '');
    return send(response, objects.put({ ...described(about, query), bucket, query, content }));
  }
  const id = query.get('upload_id');
  if (id === null) {
    objects.bucket(bucket);
    const begun = objects.begin({ ...described(body, query), bucket, query, content: Buffer.alloc(0) });
    response.writeHead(200, {
      location: `${url.origin}${url.pathname}?uploadType=resumable&upload_id=${begun}`,
    });
    response.end();
    return;
  }
  const done = objects.append(id, request.headers['content-range'] ?? '', body);
  if (done !== null) return send(response, done);
  const size = objects.size(id);
  response.writeHead(308, size === 0 ? {} : { range: `bytes=0-${size - 1}` }).end();
}

function described(about: Buffer, query: URLSearchParams): Pick<Upload, 'name' | 'metadata'> {
  const said = about.length === 0 ? {} : (JSON.parse(about.toString()) as Partial<Upload>);
  return { name: query.get('name') ?? said.name ?? '', metadata: said.metadata ?? {} };
}

/** The two parts of a `multipart/related`: what describes the object, and its bytes. */
function partsOf(body: Buffer, type: string): [about: Buffer, content: Buffer] {
  const boundary = /boundary="?([^";]+)"?/.exec(type)?.[1] ?? '';
  const part = (at: number): readonly [start: number, end: number] => {
    const start = body.indexOf('\r\n\r\n', body.indexOf(`--${boundary}`, at)) + 4;
    return [start, body.indexOf(`\r\n--${boundary}`, start)];
  };
  const about = part(0);
  return [body.subarray(...about), body.subarray(...part(about[1]))];
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

function resource(bucket: string, name: string, { content, generation, updated, metadata }: Kept): object {
  const about = { kind: 'storage#object', bucket, name, metadata, updated, timeCreated: updated };
  const sums = { md5Hash: createHash('md5').update(content).digest('base64'), crc32c: crc32c(content) };
  return {
    ...about,
    ...sums,
    generation: String(generation),
    metageneration: '1',
    size: String(content.length),
  };
}

function send(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json; charset=UTF-8' }).end(JSON.stringify(body));
}

function refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  const { status, reason, message } =
    error instanceof Refusal ? error : new Refusal(500, 'backendError', String(error));
  request.resume();
  const body = { error: { code: status, message, errors: [{ domain: 'global', reason, message }] } };
  response.writeHead(status, { 'content-type': 'application/json; charset=UTF-8' }).end(JSON.stringify(body));
}

const CRC32C = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0x82f63b78 : sum >>> 1;
  return sum;
});

/** Castagnoli's checksum, big-endian, in base64. */
function crc32c(content: Buffer): string {
  let sum = 0xffffffff;
  for (const byte of content) sum = (CRC32C[(sum ^ byte) & 255] ?? 0) ^ (sum >>> 8);
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(~sum >>> 0);
  return bytes.toString('base64');
}

/** Names are listed in the order of their UTF-8 bytes. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
