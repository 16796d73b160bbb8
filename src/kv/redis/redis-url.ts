import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { ServeBatchError } from '../../core/errors.ts';
import { maskUrl } from '../../core/text/secrets.ts';
import { showUrl } from './redis-kind.ts';

/** Where a Redis is and how to log in. Never shown as a whole: it holds the password. */
export interface RedisTarget {
  /** Without user name and password. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** Null: no TLS. */
  readonly tls: RedisTls | null;
}

/** PEM texts. Without `ca` the authorities of Node and of NODE_EXTRA_CA_CERTS are trusted. */
export interface RedisTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** What Node's `tls.connect` wants besides host and port. */
export function tlsOptions({ host, tls }: RedisTarget): RedisTls & { readonly servername?: string } {
  // The server's name is for names only: with an address Node warns.
  return { ...tls, ...(isIP(host) === 0 ? { servername: host } : {}) };
}

/** Where to connect and as whom, as ioredis takes it. */
export function addressOptions(target: RedisTarget) {
  return {
    host: target.host,
    port: target.port,
    db: target.db,
    ...(target.username === undefined ? {} : { username: target.username }),
    ...(target.password === undefined ? {} : { password: target.password }),
    ...(target.tls === null ? {} : { tls: tlsOptions(target) }),
  };
}

const DEFAULT_PORT = 6379;
const TLS_FILES = ['ca', 'cert', 'key'] as const;

/**
 * Reads `redis://[user:password@]host[:port][/db]`; `rediss://` means TLS, where `?ca=FILE` names an
 * authority to trust and `?cert=FILE&key=FILE` the client's own certificate. Throws `USAGE`.
 */
export function parseRedisUrl(text: string): RedisTarget {
  const url = parseUrl(text);
  const secure = url.protocol === 'rediss:';
  const files = readTlsFiles(url, secure);
  return {
    url: maskUrl(text),
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? DEFAULT_PORT : Number(url.port),
    db: parseDatabase(url),
    username: decode(url.username, text),
    password: decode(url.password, text),
    tls: secure ? files : null,
  };
}

function parseUrl(text: string): URL {
  let url: URL | undefined;
  try {
    url = new URL(text);
  } catch {
    // Refused below, with a message that does not repeat a password.
  }
  if (url === undefined || url.hostname === '')
    throw wrongUrl(
      text,
      'it is not of the form redis://[user:password@]host[:port][/db]. Write @, :, / and # in a password as %40, %3A, %2F and %23',
    );
  return url;
}

function parseDatabase(url: URL): number {
  const path = url.pathname.replace(/^\//, '');
  if (path === '') return 0;
  if (!/^\d{1,4}$/.test(path))
    throw wrongUrl(url.href, `"/${path}" is not a database number. Write /0, /1 and so on, or nothing`);
  return Number(path);
}

function readTlsFiles(url: URL, secure: boolean): RedisTls {
  const files: { ca?: string; cert?: string; key?: string } = {};
  for (const [name, path] of url.searchParams) {
    const known = TLS_FILES.find((each) => each === name);
    if (known === undefined)
      throw wrongUrl(
        url.href,
        `"${name}" is not a parameter. The parameters are ca, cert and key, each with a file`,
      );
    if (!secure) throw wrongUrl(url.href, `"${name}" is for TLS. Write rediss:// for TLS`);
    files[known] = readPem(path, known);
  }
  if ((files.cert === undefined) !== (files.key === undefined))
    throw wrongUrl(url.href, 'a certificate of its own needs both cert and key');
  return files;
}

function readPem(path: string, name: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ServeBatchError(
      'USAGE',
      `The file "${path}", given as ${name} in the store's URL, cannot be read: ${messageOf(error)}. Give the path of a PEM file.`,
      { cause: error, fields: { path } },
    );
  }
}

function decode(text: string, url: string): string | undefined {
  if (text === '') return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    throw wrongUrl(url, 'a percent sign in its user name or password starts no code. Write % as %25');
  }
}

function wrongUrl(text: string, reason: string): ServeBatchError {
  const url = showUrl(text);
  return new ServeBatchError('USAGE', `The store's URL ${url} cannot be used: ${reason}.`, {
    fields: { url },
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
