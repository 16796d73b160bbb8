import { Readable } from 'node:stream';

export interface EventStreamsOptions {
  /** At once, of all clients together. */
  readonly most: number;
  /** So often a comment goes out where nothing else does, so that proxies and clients know that it lives. */
  readonly heartbeatMs: number;
  /** Characters that may wait for one client, beyond what is on its way. */
  readonly mostWaiting: number;
}

export const DEFAULT_EVENT_STREAMS: EventStreamsOptions = {
  most: 200,
  heartbeatMs: 15_000,
  mostWaiting: 64 * 1024,
};

/** How long a client waits before it connects again. */
const RETRY_MS = 2_000;

/** All the clients that follow something, as server-sent events: bounded in number and in memory. */
export class EventStreams {
  readonly #options: EventStreamsOptions;
  readonly #open = new Set<EventStream>();
  #isClosed = false;

  constructor(options: EventStreamsOptions = DEFAULT_EVENT_STREAMS) {
    this.#options = options;
  }

  get size(): number {
    return this.#open.size;
  }

  /** A stream for one client; null: there are too many, or the server ends. */
  open(): EventStream | null {
    if (this.#isClosed || this.#open.size >= this.#options.most) return null;
    const stream = new EventStream(this.#options);
    this.#open.add(stream);
    stream.body.once('close', () => this.#open.delete(stream));
    return stream;
  }

  /** Ends all of them, and lets no other in. */
  close(): void {
    this.#isClosed = true;
    for (const stream of this.#open) stream.end();
  }
}

/** One event. Lines of the data must not end it early. */
export interface ServerEvent {
  readonly event: string;
  readonly id?: string | null;
  /** As JSON. */
  readonly data: unknown;
}

/** What goes to one client. */
export class EventStream {
  readonly body: Readable;
  readonly #mostWaiting: number;
  #hasEnded = false;

  constructor({ heartbeatMs, mostWaiting }: EventStreamsOptions) {
    this.#mostWaiting = mostWaiting;
    this.body = new Readable({ read() {}, highWaterMark: mostWaiting });
    this.body.push(`retry: ${RETRY_MS}\n\n`);
    const heartbeat = setInterval(() => this.#push(': \n\n'), heartbeatMs).unref();
    this.body.once('close', () => clearInterval(heartbeat));
  }

  /** A client that does not read is let go: it connects again, and asks for what it has missed. */
  send(event: ServerEvent): void {
    this.#push(eventText(event));
  }

  end(): void {
    if (this.#hasEnded || this.body.destroyed) return;
    this.#hasEnded = true;
    this.body.push(null);
  }

  #push(text: string): void {
    if (this.#hasEnded || this.body.destroyed) return;
    if (this.body.readableLength + text.length > this.#mostWaiting) this.body.destroy();
    else this.body.push(text);
  }
}

/** JSON has no line ends: one line of data is enough. */
export function eventText({ event, id, data }: ServerEvent): string {
  const head = id === undefined || id === null ? '' : `id: ${id}\n`;
  return `${head}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
