import type { Socket } from 'node:net';
import { Spares } from '../../../core/machine/spares.ts';
import { ByteWriter } from '../../byte-writer.ts';
import type { RedisTimeouts } from '../connection/redis-connection.ts';
import type { FencedFrames, ScriptFrames, TransactionFrames } from '../fence/fenced-frames.ts';
import { RedisReplyError, redisError } from '../redis-errors.ts';
import type { RedisTarget } from '../redis-url.ts';
import { type BulkSocket, openBulkSocket } from './bulk-socket.ts';
import { CommandChunk } from './command-chunk.ts';
import { ReplyCounter } from './reply-counter.ts';

/** For replies that have come while this process was too busy to read them. */
const GRACE_MS = 500;
/** A chunk is sent when it has this many bytes. */
const CHUNK_BYTES = 256 * 1024;
/** A transaction or a call of a script ends when it has this many: the server does nothing else for a millisecond. */
const FRAME_BYTES = 64 * 1024;

/** A batch of rows makes a chunk grow to 1.3 MB; one that had longer commands is not kept. */
const MOST_KEPT_BYTES = 4 * 1024 * 1024;

/** What chunks are encoded into: each shard is loaded over a connection of its own. */
const BUFFERS = new Spares(() => new ByteWriter(CHUNK_BYTES + 64 * 1024), 4);

/** Commands, by their parts. */
export type Commands = readonly (readonly Buffer[])[];

/**
 * A connection for loading: commands are encoded into chunks and sent without waiting for their replies,
 * which are counted. At most two chunks are under way, so that neither side piles anything up. Commands that were to
 * make a key, and found it there, are handed out again, from the chunk in which they still stand.
 *
 * Why not ioredis: it makes a promise, a command and an array for every command, and loading spends
 * three quarters of its time on them. Only commands whose replies are one line (`:7`, `+OK`, `$-1`) may be sent.
 */
export class RedisBulk {
  readonly #target: RedisTarget;
  readonly #socket: Socket;
  readonly #replies = new ReplyCounter(() => this.#frames !== null);
  #frames: FencedFrames | null = null;
  #transaction: TransactionFrames | null = null;
  #script: ScriptFrames | null = null;
  /** Where in the chunk the transaction ends that is open; 0: none is. */
  #frameEnd = 0;
  readonly #buffers = [BUFFERS.take(), BUFFERS.take()] as const;
  #chunk = new CommandChunk(this.#buffers[0]);
  /** Sent before; its bytes stay until its replies have come. */
  #spare = new CommandChunk(this.#buffers[1]);
  #commands = 0;
  /** Of them: those that the server was sent. */
  #sent = 0;
  /** Replies that must have come before the spare chunk's bytes may be written over. */
  #spareFreeAt = 0;
  #onNils: (commands: Commands) => void = () => {};
  #onRedirected: ((commands: Commands) => void) | undefined;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  private constructor(target: RedisTarget, { socket, onBytes }: BulkSocket, timeouts: RedisTimeouts) {
    this.#target = target;
    this.#socket = socket;
    onBytes((bytes) => {
      this.#replies.take(bytes);
      const { error, redirection } = this.#replies;
      const refusal = error ?? (this.#onRedirected === undefined ? redirection : undefined);
      if (refusal !== undefined) this.#fail(this.#frames?.errorOf(refusal) ?? new RedisReplyError(refusal));
      this.#wake?.();
    });
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () =>
      this.#fail(new Error('the connection was closed while a shard was being staged')),
    );
    socket.setTimeout(timeouts.answerMs, () => this.#checkSilence());
  }

  /** Connects and logs in. Throws `STORE_UNAVAILABLE` or `STORE_REFUSED`. */
  static async connect(target: RedisTarget, timeouts: RedisTimeouts): Promise<RedisBulk> {
    const bulk = new RedisBulk(target, await openBulkSocket(target, timeouts.connectMs), timeouts);
    try {
      const { username, password, db } = target;
      if (password !== undefined)
        bulk.command(username === undefined ? ['AUTH', password] : ['AUTH', username, password]);
      if (db !== 0) bulk.command(['SELECT', String(db)]);
      // Awaited: after a SELECT that was refused, all that follows would land in another database.
      await bulk.finish();
      return bulk;
    } catch (error) {
      bulk.close();
      throw error;
    }
  }

  /** Puts frames around all that follows. Nothing waits to be sent or answered. */
  fence(frames: FencedFrames): void {
    this.#frames = frames;
    if (frames.kind === 'transaction') {
      this.#transaction = frames;
      return;
    }
    this.#script = frames;
    for (const chunk of [this.#chunk, this.#spare]) chunk.asArguments();
  }

  command(parts: readonly string[]): void {
    this.begin(parts.length);
    for (const part of parts) this.part(part);
  }

  /** Begins a command of so many parts; each must follow by {@link part}, {@link piece} or {@link made}. */
  begin(parts: number): void {
    if (this.#transaction !== null) this.#openFrame(this.#transaction);
    this.#chunk.begin(parts);
    this.#commands++;
  }

  #openFrame(transaction: TransactionFrames): void {
    if (this.#frameEnd > this.#chunk.length) return;
    this.#closeFrame();
    this.#chunk.whole(transaction.opening, transaction.openingCommands);
    this.#commands += transaction.openingCommands;
    this.#frameEnd = this.#chunk.length + FRAME_BYTES;
  }

  #closeFrame(): void {
    if (this.#frameEnd === 0 || this.#transaction === null) return;
    this.#chunk.whole(this.#transaction.closing, 0);
    this.#frameEnd = 0;
  }

  /** One part of a command. */
  part(text: string): void {
    this.#chunk.part(text);
  }

  /** One part of a command: the bytes from `start` to `end` (exclusive), behind those of `prefix`. */
  piece(bytes: Buffer, start: number, end: number, prefix?: Buffer): void {
    this.#chunk.piece(bytes, start, end, prefix);
  }

  /** One part of a command, of so many bytes at most: `put` writes it, and returns where it ended. */
  made(mostBytes: number, put: (bytes: Buffer, at: number) => number): void {
    this.#chunk.made(mostBytes, put);
  }

  /** Commands that were made elsewhere, each from its place in `starts` on. */
  append(commands: Buffer, starts: Uint32Array): void {
    for (let first = 0; first < starts.length; ) {
      if (this.#transaction !== null) this.#openFrame(this.#transaction);
      const room = this.#transaction === null ? commands.length : this.#frameEnd - this.#chunk.length;
      const begin = starts[first] as number;
      let next = first + 1;
      while (next < starts.length && (starts[next] as number) - begin < room) next++;
      const end = next < starts.length ? (starts[next] as number) : commands.length;
      this.#chunk.append(commands.subarray(begin, end), starts.subarray(first, next), begin);
      this.#commands += next - first;
      first = next;
    }
  }

  /**
   * Says what to do with commands that found their key there already, by their parts. It may add commands. Called
   * in {@link send} and {@link finish}, in the order in which the commands were sent.
   */
  onNils(handle: (commands: Commands) => void): void {
    this.#onNils = handle;
  }

  /**
   * Says what to do with commands that a cluster's node sent elsewhere: they were not carried out. Called as the
   * handler of {@link onNils} is; without it, such a reply is an error.
   */
  onRedirected(handle: (commands: Commands) => void): void {
    this.#onRedirected = handle;
  }

  /** Of all replies so far that were numbers. */
  get repliedSum(): number {
    return this.#replies.sum;
  }

  /** Whether {@link send} should be called before more is added. */
  get isFull(): boolean {
    return this.#chunk.length >= (this.#script === null ? CHUNK_BYTES : FRAME_BYTES);
  }

  /** Sends the chunk, and waits until the one before it was answered. */
  async send(): Promise<void> {
    this.#throwFailure();
    this.#closeFrame();
    if (this.#chunk.length > 0) this.#write();
    this.#sent = this.#commands;
    await this.#answered(this.#spareFreeAt);
    const first = this.#spareFreeAt - this.#spare.count;
    const commandsOf = (replies: readonly number[]) =>
      this.#spare.commandsAt(replies.map((reply) => reply - first));
    const nils = commandsOf(this.#replies.takeNils(this.#spareFreeAt));
    const redirected = commandsOf(this.#replies.takeRedirected(this.#spareFreeAt));
    [this.#chunk, this.#spare] = [this.#spare, this.#chunk];
    this.#chunk.clear();
    this.#spareFreeAt = this.#commands;
    if (nils.length > 0) this.#onNils(nils);
    if (redirected.length > 0) this.#onRedirected?.(redirected);
  }

  /** Sends what is left and waits for every reply: after it, the server has carried out all commands. */
  async finish(): Promise<void> {
    do await this.send();
    while (this.#chunk.length > 0 || this.#spare.length > 0);
  }

  #write(): void {
    this.#socket.cork();
    if (this.#script !== null) this.#socket.write(this.#script.callOf(this.#chunk.arguments));
    this.#socket.write(this.#chunk.view());
    this.#socket.uncork();
  }

  close(): void {
    if (this.#failure === undefined) this.#giveBuffersBack();
    this.#failure ??= new Error('the connection was closed');
    this.#socket.destroy();
  }

  /** Unless the system may still be sending what stands in them: a reply to every command says that it is not. */
  #giveBuffersBack(): void {
    if (this.#replies.count < this.#commands) return;
    // Whoever still writes to this connection writes into nobody else's load.
    this.#chunk = new CommandChunk(new ByteWriter(0));
    this.#spare = new CommandChunk(new ByteWriter(0));
    for (const buffer of this.#buffers) {
      buffer.clear();
      if (buffer.capacity <= MOST_KEPT_BYTES) BUFFERS.giveBack(buffer);
    }
  }

  async #answered(replies: number): Promise<void> {
    while (this.#failure === undefined && this.#replies.count < replies) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#throwFailure();
  }

  /** Nothing is wrong with a server that was sent nothing: rows may have to be sorted first. */
  #checkSilence(): void {
    const { count } = this.#replies;
    const check = () => {
      if (this.#replies.count === count && count < this.#sent)
        this.#fail(new Error('the server stopped replying while a shard was being staged'));
    };
    setTimeout(check, GRACE_MS).unref();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#socket.destroy();
    this.#wake?.();
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw redisError(this.#failure, this.#target);
  }
}
