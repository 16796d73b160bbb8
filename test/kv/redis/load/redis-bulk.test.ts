import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as pause, setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { REDIS_TIMEOUTS } from '../../../../src/kv/redis/connection/redis-connection.ts';
import { RedisBulk } from '../../../../src/kv/redis/load/redis-bulk.ts';
import { parseRedisUrl } from '../../../../src/kv/redis/redis-url.ts';

describe('loading over one connection', () => {
  let server: Server;
  let client: Socket | undefined;
  let received = '';
  let bulk: RedisBulk;
  let connect: (answerMs: number) => Promise<RedisBulk>;

  beforeEach(async () => {
    received = '';
    server = createServer((socket) => {
      client = socket;
      socket.on('data', (bytes) => {
        received += bytes;
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const target = parseRedisUrl(`redis://127.0.0.1:${port}`);
    connect = (answerMs) => RedisBulk.connect(target, { ...REDIS_TIMEOUTS, answerMs });
    bulk = await connect(REDIS_TIMEOUTS.answerMs);
  });
  afterEach(async () => {
    bulk.close();
    client?.destroy();
    server.close();
  });

  it('sends commands as Redis reads them, with sizes in bytes', async () => {
    bulk.command(['SET', 'ö', '']);
    await bulk.send();
    await vi.waitFor(() => expect(received).toBe('*3\r\n$3\r\nSET\r\n$2\r\nö\r\n$0\r\n\r\n'));
  });

  it('has at most two chunks under way: the next waits for the replies of the first', async () => {
    let sent = 0;
    const load = (async () => {
      for (const name of ['first', 'second', 'third']) {
        bulk.command(['SET', name, '']);
        await bulk.send();
        sent++;
      }
    })();
    await vi.waitFor(() => expect(received).toContain('second'));
    expect(sent).toBe(1);
    expect(received).not.toContain('third');
    client?.write('+OK\r\n');
    await vi.waitFor(() => expect(received).toContain('third'));
    expect(sent).toBe(2);
    client?.write('+OK\r\n+OK\r\n');
    await load;
  });

  it('has finished when every command was answered, and not before', async () => {
    bulk.command(['SET', 'k', 'v']);
    bulk.command(['SET', 'l', 'v']);
    let finished = false;
    const finishing = bulk.finish().then(() => {
      finished = true;
    });
    await vi.waitFor(() => expect(received).toContain('$1\r\nl'));
    client?.write('+OK\r\n+O');
    for (let turn = 0; turn < 20; turn++) await setImmediate();
    expect(finished).toBe(false);
    client?.write('K\r\n');
    await finishing;
  });

  it('waits for rows that take long to come: a server that was sent nothing is not silent', async () => {
    const patient = await connect(10);
    patient.command(['SET', 'k', 'v']);
    // Longer than the time in which it has to answer what it was sent, and its grace.
    await pause(700);
    const finished = patient.finish();
    await vi.waitFor(() => expect(received).toContain('SET'));
    client?.write('+OK\r\n');
    await finished;
    patient.close();
  });

  it('hands out commands that were answered with nil, and waits for those that are sent for them', async () => {
    bulk.onNils((commands) => {
      for (const [, key, value] of commands) bulk.command(['APPEND', `${key}`, `${value}`]);
    });
    bulk.command(['SET', 'first', 'a', 'NX']);
    bulk.command(['SET', 'ö', 'b\r\n$3', 'NX']);
    await bulk.send();
    bulk.command(['SET', 'third', '', 'NX']);
    let finished = false;
    const finishing = bulk.finish().then(() => {
      finished = true;
    });
    await vi.waitFor(() => expect(received).toContain('third'));
    client?.write('+OK\r\n$-1\r\n$-');
    await vi.waitFor(() => expect(received).toContain('APPEND\r\n$2\r\nö\r\n$5\r\nb\r\n$3\r\n'));
    client?.write('1\r\n');
    await vi.waitFor(() => expect(received).toContain('APPEND\r\n$5\r\nthird\r\n$0\r\n'));
    expect(received).not.toContain('APPEND\r\n$5\r\nfirst');
    client?.write(':7\r\n');
    for (let turn = 0; turn < 20; turn++) await setImmediate();
    expect(finished).toBe(false);
    client?.write(':1\r\n');
    await finishing;
    expect(bulk.repliedSum).toBe(8);
  });

  it('takes replies that are cut anywhere, and ends with the connection', async () => {
    for (let key = 0; key < 3; key++) bulk.command(['RESTORE', String(key), '0', 'dump']);
    const finishing = bulk.finish();
    await vi.waitFor(() => expect(received).toContain('$1\r\n2\r\n'));
    for (const byte of '+OK\r\n:12\r\n+OK\r\n') {
      client?.write(byte);
      await setImmediate();
    }
    await finishing;
    expect(bulk.repliedSum).toBe(12);
    bulk.command(['SET', 'k', 'v']);
    const cutOff = bulk.finish();
    client?.end();
    await expect(cutOff).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  it('hears a server that turns it away before it was sent anything', async () => {
    server.prependListener('connection', (socket) => {
      socket.end('-ERR max number of clients reached\r\n');
    });
    await expect(
      (async () => {
        const refused = await connect(REDIS_TIMEOUTS.answerMs);
        refused.command(['SET', 'k', 'v']);
        await refused.finish();
      })(),
    ).rejects.toThrow(/max number of clients/);
  });

  it('fails with the first refusal, whatever follows', async () => {
    bulk.command(['SET', 'k', 'v']);
    bulk.command(['SET', 'l', 'v']);
    const finishing = bulk.finish();
    await vi.waitFor(() => expect(received).toContain('$1\r\nl'));
    client?.write('-OOM command not allowed\r\n+OK\r\n');
    await expect(finishing).rejects.toMatchObject({ code: 'STORE_REFUSED' });
    await expect(bulk.send()).rejects.toMatchObject({ code: 'STORE_REFUSED' });
  });

  describe('its buffers', () => {
    /** Of buffers that are made for chunks. */
    const countMade = () => {
      const made = vi.spyOn(Buffer, 'allocUnsafeSlow');
      return () => made.mock.calls.filter(([bytes]) => bytes >= 256 * 1024).length;
    };
    afterEach(() => void vi.restoreAllMocks());

    it('are those of the connection before it, once every command was answered', async () => {
      bulk.command(['SET', 'a', '']);
      const finished = bulk.finish();
      await vi.waitFor(() => expect(received).toContain('a'));
      client?.write('+OK\r\n');
      await finished;
      bulk.close();
      const made = countMade();
      const next = await connect(REDIS_TIMEOUTS.answerMs);
      expect(made()).toBe(0);
      // Whoever still has the one that was closed writes nothing into the load of another.
      bulk.command(['SET', 'late', '']);
      next.command(['SET', 'b', '']);
      received = '';
      await next.send();
      await vi.waitFor(() => expect(received).toBe('*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$0\r\n\r\n'));
      next.close();
    });

    it('are its own where a command was not answered: the system may still be sending them', async () => {
      // None is left over from connections before.
      const others = await Promise.all([1, 2, 3, 4].map(() => connect(REDIS_TIMEOUTS.answerMs)));
      bulk.command(['SET', 'a', '']);
      await bulk.send();
      bulk.close();
      const made = countMade();
      const next = await connect(REDIS_TIMEOUTS.answerMs);
      expect(made()).toBe(2);
      for (const each of [next, ...others]) each.close();
    });
  });
});
