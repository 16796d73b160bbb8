import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RedisBulk } from '../../src/kv/redis-bulk.ts';
import { REDIS_TIMEOUTS } from '../../src/kv/redis-connection.ts';
import { parseRedisUrl } from '../../src/kv/redis-url.ts';

describe('loading over one connection', () => {
  let server: Server;
  let client: Socket | undefined;
  let received = '';
  let bulk: RedisBulk;

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
    bulk = await RedisBulk.connect(parseRedisUrl(`redis://127.0.0.1:${port}`), REDIS_TIMEOUTS);
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

  it('fails with the first refusal, whatever follows', async () => {
    bulk.command(['SET', 'k', 'v']);
    bulk.command(['SET', 'l', 'v']);
    const finishing = bulk.finish();
    await vi.waitFor(() => expect(received).toContain('$1\r\nl'));
    client?.write('-OOM command not allowed\r\n+OK\r\n');
    await expect(finishing).rejects.toMatchObject({ code: 'STORE_REFUSED' });
    await expect(bulk.send()).rejects.toMatchObject({ code: 'STORE_REFUSED' });
  });
});
