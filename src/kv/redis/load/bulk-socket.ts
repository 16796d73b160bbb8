import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { redisError } from '../redis-errors.ts';
import { type RedisTarget, tlsOptions } from '../redis-url.ts';

/** Replies to a chunk have some 15 kB. */
const READ_BYTES = 64 * 1024;

/** Without TLS it reads into one buffer: otherwise Node allocates 64 KiB for each read, and so for a hundred replies. */
export interface BulkSocket {
  readonly socket: Socket;
  /** Says what to do with bytes as they come, and with those that came before. They are valid during the call. */
  readonly onBytes: (handle: (bytes: Uint8Array) => void) => void;
}

/** Throws `STORE_UNAVAILABLE` or `STORE_REFUSED`. */
export async function openBulkSocket(target: RedisTarget, timeoutMs: number): Promise<BulkSocket> {
  const early: Buffer[] = [];
  let handle = (bytes: Uint8Array): void => {
    early.push(Buffer.from(bytes));
  };
  const socket = await openSocket(target, timeoutMs, (bytes) => handle(bytes));
  return {
    socket,
    onBytes: (next) => {
      handle = next;
      for (const bytes of early) next(bytes);
    },
  };
}

function openSocket(
  target: RedisTarget,
  timeoutMs: number,
  onBytes: (bytes: Uint8Array) => void,
): Promise<Socket> {
  const { host, port, tls } = target;
  const onread = {
    buffer: Buffer.allocUnsafeSlow(READ_BYTES),
    callback: (size: number, bytes: Uint8Array) => {
      onBytes(bytes.subarray(0, size));
      return true;
    },
  };
  return new Promise((resolve, reject) => {
    const settle = (done: () => void) => {
      socket.setTimeout(0);
      socket.off('timeout', onTimeout).off('error', onError).off('close', onClose);
      done();
    };
    const onReady = () => settle(() => resolve(socket));
    const onError = (error: Error) => settle(() => reject(redisError(error, target)));
    const onClose = () => onError(new Error('the connection was closed while it was being made'));
    const onTimeout = () => {
      onError(new Error(`connecting took more than ${timeoutMs / 1000} seconds`));
      socket.on('error', () => {}).destroy();
    };
    const socket: Socket =
      tls === null
        ? connectTcp({ host, port, noDelay: true, onread }, onReady)
        : connectTls({ host, port, ...tlsOptions(target) }, onReady).on('data', onBytes);
    socket.setTimeout(timeoutMs, onTimeout).on('error', onError).on('close', onClose);
  });
}
