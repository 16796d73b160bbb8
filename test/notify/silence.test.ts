import type { Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runAlertCommand } from '../../src/notify/alert-command.ts';
import { sendRequest } from '../../src/notify/webhook.ts';
import { temporaryFolder } from '../runs/sample-run.ts';
import { leftoversIn } from '../support/processes.ts';
import { startSilentServer } from '../support/silent-server.ts';

/** More than a pipe holds. */
const LONG = 'x'.repeat(1_000_000);
const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n';

async function send(method: 'GET' | 'POST', onData: (socket: Socket) => void, timeoutMs = 60_000) {
  let requests = 0;
  const closings: Promise<unknown>[] = [];
  const server = await startSilentServer((socket, data) => {
    if (!data.includes('HTTP/1.1')) return;
    requests++;
    closings.push(new Promise((resolve) => socket.once('close', resolve)));
    onData(socket);
  });
  onTestFinished(() => server.close());
  const url = `http://127.0.0.1:${server.port}/hook`;
  const sent = sendRequest({
    method,
    url,
    ...(method === 'POST' ? { body: '{}' } : {}),
    timeoutMs,
    pausesMs: [1],
  });
  return { sent, requests: () => requests, untilClosed: () => Promise.all(closings) };
}

describe.each(['GET', 'POST'] as const)('a %s whose other side', (method) => {
  it.each([
    ['accepts and never answers', () => {}],
    ['answers half a head', (socket: Socket) => void socket.write(HEAD)],
  ])('%s is given up after each try, with its connections', async (_, onData) => {
    const { sent, untilClosed } = await send(method, onData, 50);
    await expect(sent).rejects.toThrow('no answer within 0.05 s');
    await untilClosed();
  });

  it('closes before it has answered is tried again', async () => {
    const { sent, requests } = await send(method, (socket) => void socket.end());
    await expect(sent).rejects.toThrow('other side closed');
    expect(requests()).toBe(2);
  });

  it.each([
    ['half of its text', (socket: Socket) => void socket.write(`${HEAD}Content-Length: 1000\r\n\r\nhalf`)],
    ['no text', (socket: Socket) => void socket.write(`${HEAD}Content-Length: 1000\r\n\r\n`)],
    ['text without end', (socket: Socket) => sendWithoutEnd(socket)],
  ])('answers 2xx and %s has been told: nobody waits for the rest', async (_, onData) => {
    const { sent, requests, untilClosed } = await send(method, onData);
    await sent;
    expect(requests()).toBe(1);
    await untilClosed();
  });
});

function sendWithoutEnd(socket: Socket): void {
  socket.write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`);
  const more = (): void => {
    while (!socket.destroyed && socket.write(`10000\r\n${'x'.repeat(65_536)}\r\n`));
  };
  socket.on('drain', more);
  more();
}

describe('an alert command', () => {
  it('that neither reads nor ends is killed, with what it has started', async () => {
    const folder = await temporaryFolder();
    const command = ['sh', '-c', `cd '${folder}'; sleep 1000 & wait`];
    const told = runAlertCommand({ command, env: process.env, body: LONG, timeoutMs: 500 });
    await expect(told).rejects.toThrow('it was ended by SIGKILL (it has 0.5 s)');
    expect(await leftoversIn(folder)).toEqual([]);
  });
});
