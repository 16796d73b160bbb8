import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { EventStreams, eventText } from '../../../src/serving/events/event-streams.ts';

const OPTIONS = { most: 2, heartbeatMs: 60_000, mostWaiting: 1000 };

describe('streams of events', () => {
  it('let in so many clients and no more', async () => {
    const streams = new EventStreams(OPTIONS);
    const first = streams.open();
    streams.open();
    expect(streams.open()).toBeNull();
    first?.body.destroy();
    if (first !== null) await once(first.body, 'close');
    expect(streams.open()).not.toBeNull();
  });

  it('let go of a client that does not read, and of what waited for it', async () => {
    const streams = new EventStreams(OPTIONS);
    const stream = streams.open();
    if (stream === null) throw new Error('no stream');
    const closed = once(stream.body, 'close');
    for (let event = 0; event < 1000; event++) stream.send({ event: 'flip', data: 'x'.repeat(50) });
    await closed;
    expect(stream.body.readableLength).toBeLessThanOrEqual(OPTIONS.mostWaiting);
    expect(streams.size).toBe(0);
  });

  it('say that they live where nothing happens', async () => {
    const stream = new EventStreams({ ...OPTIONS, heartbeatMs: 5 }).open();
    let text = '';
    for await (const part of stream?.body ?? []) {
      text += String(part);
      if (text.includes(': \n\n')) break;
    }
    expect(text).toContain('retry: ');
  });

  it('end when the server does, which then takes no other', async () => {
    const streams = new EventStreams(OPTIONS);
    const stream = streams.open();
    streams.close();
    let text = '';
    for await (const part of stream?.body ?? []) text += String(part);
    expect(text).toBe('retry: 2000\n\n');
    expect(streams.open()).toBeNull();
  });

  it('cannot be broken by what the data holds', () => {
    expect(eventText({ event: 'publish', id: '7', data: { run: 'a\n\nevent: x\r\u2028' } })).toBe(
      'id: 7\nevent: publish\ndata: {"run":"a\\n\\nevent: x\\r\u2028"}\n\n',
    );
    expect(eventText({ event: 'publish', id: null, data: 1 })).toBe('event: publish\ndata: 1\n\n');
  });
});
