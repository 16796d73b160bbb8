import { isIP } from 'node:net';
import { ServeBatchError } from '../../../core/errors.ts';
import { maskUrl } from '../../../core/text/secrets.ts';
import { showUrl } from '../redis-kind.ts';
import { parseRedisUrl, type RedisTarget } from '../redis-url.ts';

/** Where one server listens. */
export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/** What an address names: one server; some nodes of a cluster; or sentinels, and the primary that they watch. */
export type RedisMembers =
  | { readonly kind: 'server' }
  | { readonly kind: 'cluster'; readonly nodes: readonly HostAndPort[] }
  | { readonly kind: 'sentinel'; readonly sentinels: readonly HostAndPort[]; readonly name: string };

/** How to log in, and the first of the hosts that are named; for what is common to all of them. */
export interface RedisAddress extends RedisTarget {
  readonly members: RedisMembers;
}

const FORM = /^(rediss?)\+(cluster|sentinel):\/\/(?:(.*)@)?([^/?#]*)([^?#]*)(.*)$/is;
const PORTS = { cluster: 6379, sentinel: 26379 } as const;

/**
 * Reads the address of a Redis: `redis://` for one server (see {@link parseRedisUrl}), or
 * `redis+cluster://[user:password@]host[:port][,host[:port]...]`, or
 * `redis+sentinel://[user:password@]host[:port][,host[:port]...]/NAME[/db]`, and `rediss+...` for TLS. Throws `USAGE`.
 */
export function parseRedisAddress(text: string): RedisAddress {
  const [, scheme = '', kindText = '', login, list = '', path = '', rest = ''] = FORM.exec(text) ?? [];
  if (scheme === '') return { ...parseRedisUrl(text), members: { kind: 'server' } };
  const kind = kindText.toLowerCase() === 'cluster' ? 'cluster' : 'sentinel';
  const hosts = parseHosts(list, PORTS[kind], text);
  const [name, database] = kind === 'sentinel' ? sentinelPath(path, text) : ['', clusterPath(path, text)];
  const [first] = hosts;
  const host = isIP(first.host) === 6 ? `[${first.host}]` : first.host;
  const user = login === undefined ? '' : `${login}@`;
  const target = parseRedisUrl(`${scheme.toLowerCase()}://${user}${host}:${first.port}${database}${rest}`);
  const members: RedisMembers =
    kind === 'cluster' ? { kind, nodes: hosts } : { kind, sentinels: hosts, name };
  return { ...target, url: maskUrl(text), members };
}

type Hosts = readonly [HostAndPort, ...HostAndPort[]];

function parseHosts(list: string, defaultPort: number, text: string): Hosts {
  const [first, ...others] = list.split(',').map((part) => {
    const [, v6, plain, port] = /^(?:\[([\da-f:.]+)\]|([^[\]:\s]+))(?::(\d{1,5}))?$/i.exec(part) ?? [];
    const host = v6 ?? plain;
    if (host === undefined || Number(port ?? 0) > 65_535)
      throw wrongAddress(text, `"${part}" is not host or host:port. Separate several hosts by commas`);
    return { host, port: port === undefined ? defaultPort : Number(port) };
  });
  if (first === undefined) throw wrongAddress(text, 'it names no host');
  return [first, ...others];
}

/** The name of the primary, and the path of the database, as `redis://` has it. */
function sentinelPath(path: string, text: string): [name: string, database: string] {
  const [, name, database = ''] = /^\/([^/]+)(\/.*)?$/.exec(path) ?? [];
  if (name === undefined)
    throw wrongAddress(text, 'it does not name the primary. Write redis+sentinel://HOST:26379/NAME');
  return [decodeName(name, text), database];
}

function decodeName(name: string, text: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    throw wrongAddress(text, 'a percent sign in the name of the primary starts no code. Write % as %25');
  }
}

/** Redis Cluster has one database. */
function clusterPath(path: string, text: string): string {
  if (/^\/?0?$/.test(path)) return '';
  throw wrongAddress(text, `a cluster has no databases, and "${path}" names one. Leave it out`);
}

function wrongAddress(text: string, reason: string): ServeBatchError {
  const url = showUrl(text);
  return new ServeBatchError('USAGE', `The store's URL ${url} cannot be used: ${reason}.`, {
    fields: { url },
  });
}
