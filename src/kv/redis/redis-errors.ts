import { firstLine, ServeBatchError, systemErrorCode } from '../../core/errors.ts';
import { Secrets } from '../../core/text/secrets.ts';
import type { RedisTarget } from './redis-url.ts';

/** What a reply that begins with this word means: the server is there, and refuses. */
const REFUSALS: readonly { readonly pattern: RegExp; readonly advice: string }[] = [
  {
    pattern: /^(NOAUTH|WRONGPASS|ERR invalid password|ERR invalid username|ERR AUTH|ERR Client sent AUTH)/i,
    advice: 'Check user name and password in the URL: redis://user:password@host',
  },
  {
    pattern: /^NOPERM|^ERR The user executing the script/,
    advice: 'Give this user the right to the command and to the keys of the job',
  },
  {
    pattern: /^OOM/,
    advice:
      'Its memory is used up: raise maxmemory, or keep fewer generations (kv.keep; "serve-batch runs prune --store" drops what nobody needs)',
  },
  {
    pattern: /^READONLY/,
    advice:
      'This is a replica: give the address of the primary. If a replica is taking over at this address, give the same command again once it has',
  },
  {
    pattern: /^MISCONF/,
    advice: "It cannot save to its disk and takes no writes: look into the server's log",
  },
  {
    pattern: /^(MOVED|ASK|CROSSSLOT|CLUSTERDOWN)\b/,
    advice: 'This is a Redis Cluster: write redis+cluster://HOST:PORT, with TLS rediss+cluster://',
  },
  { pattern: /^ERR DB index/, advice: 'The database number at the end of the URL does not exist there' },
  {
    pattern: /^(ERR unknown command|ERR unknown subcommand)/,
    advice: 'The server lacks a command: use Redis 5 or newer, with EVAL and no command renamed',
  },
];

/** Replies that pass by themselves. */
const PASSING = /^(LOADING|BUSY|MASTERDOWN|TRYAGAIN|NOREPLICAS)/;

const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ERR_TLS/;

/** Makes any error of a connection one of ours: with host and port, and never with the password. */
export function redisError(
  error: unknown,
  target: RedisTarget,
  where = `${target.host}:${target.port}`,
): ServeBatchError {
  if (error instanceof ServeBatchError) return error;
  const reason = safeMessage(error, target);
  const reply: Readonly<Record<string, string>> = isReply(error) ? { reply: reason.replace(/ .*/, '') } : {};
  const details = {
    // Not the error itself: those of ioredis carry the command with its arguments, AUTH's too.
    cause: new Error(reason),
    fields: { host: target.host, port: target.port, ...reply },
  };
  const refusal = REFUSALS.find(({ pattern }) => pattern.test(reason));
  if (refusal !== undefined)
    return new ServeBatchError(
      'STORE_REFUSED',
      `Redis at ${where} refuses: ${reason}. ${refusal.advice}.`,
      details,
    );
  if (CERTIFICATE.test(systemErrorCode(error) ?? ''))
    return new ServeBatchError(
      'STORE_REFUSED',
      `The certificate of Redis at ${where} is not trusted: ${reason}. Name its authority with NODE_EXTRA_CA_CERTS=FILE or rediss://...?ca=FILE.`,
      details,
    );
  if (isReply(error) && !PASSING.test(reason))
    return new ServeBatchError('STORE_REFUSED', `Redis at ${where} refuses a command: ${reason}.`, details);
  return new ServeBatchError(
    'STORE_UNAVAILABLE',
    `Redis at ${where} does not answer: ${reason}. ${advice(target)}`,
    details,
  );
}

/** Whether the connection was lost or never made: another one may do better. */
export function isConnectionError(error: unknown): boolean {
  return !(error instanceof ServeBatchError) && !isReply(error);
}

/** An error reply of the server, as ioredis or the bulk connection reports it. */
export class RedisReplyError extends Error {
  override readonly name = 'ReplyError';
}

function isReply(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError';
}

function advice(target: RedisTarget): string {
  return target.tls === null
    ? 'Check that it runs and that host and port are right (rediss:// where it wants TLS), and try again.'
    : 'Check that it runs, that host and port are right and that it speaks TLS there (redis:// where not), and try again.';
}

function safeMessage(error: unknown, target: RedisTarget): string {
  const secrets = new Secrets();
  if (target.password !== undefined) secrets.add(target.password);
  const inner = error instanceof AggregateError ? error.errors[0] : error;
  const text = inner instanceof Error ? inner.message : String(inner);
  const message = firstLine(text).trim().replace(/\.$/, '');
  return secrets.mask(message === '' ? (systemErrorCode(error) ?? 'no reason given') : message);
}
