import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { ensureProgram } from './ensure-program.ts';

/** Generous: a machine that has just installed a browser reads all of it from the disk for the first time. */
const ANSWER_TIMEOUT_MS = 90_000;

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--hide-scrollbars',
  '--remote-debugging-pipe',
];

/** How a page is looked at. */
export interface View {
  /** CSS pixels. */
  readonly width: number;
  readonly isDark: boolean;
}

/** What a browser found in a page. */
export interface LoadedPage {
  /** Errors and warnings of the console, violations of the page's policy, exceptions. */
  readonly problems: readonly string[];
  /** Everything that the page asked for, itself included. */
  readonly requests: readonly string[];
  /** Runs an expression in the page; its value must be JSON. */
  evaluate(expression: string): Promise<unknown>;
  /** A PNG of the whole page. */
  screenshot(): Promise<Buffer>;
}

export interface Browser {
  /** Loads a page of its own and waits until it is done. */
  load(url: string, view: View): Promise<LoadedPage>;
  /** Ends the browser and deletes its folder. */
  close(): Promise<void>;
}

/** Makes sure that chromium is there, as {@link ensureProgram} does. */
export function ensureChromium(): Promise<void> {
  return ensureProgram({
    name: 'chromium',
    debianPackage: 'chromium',
    howTo: 'with "apt-get install chromium" (Debian, Ubuntu) or "dnf install chromium" (Fedora)',
  });
}

/** Starts Debian's chromium without a window, in an empty folder of its own. */
export async function startBrowser(): Promise<Browser> {
  const folder = await mkdtemp(join(tmpdir(), 'serve-batch-chromium-'));
  const child = spawn('chromium', [...FLAGS, `--user-data-dir=${folder}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    env: { ...process.env, HOME: folder, XDG_CONFIG_HOME: folder, XDG_CACHE_HOME: folder },
  });
  const onExit = () => child.kill('SIGKILL');
  process.once('exit', onExit);
  const pipe = new DevTools(child);
  return {
    load: (url, view) => loadPage(pipe, url, view),
    async close() {
      process.off('exit', onExit);
      await endBrowser(child, pipe);
      await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}

/** Asked to end it ends its own children too. */
async function endBrowser(child: ChildProcess, pipe: DevTools): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  await pipe.send('Browser.close').catch(() => child.kill('SIGKILL'));
  await ended;
}

async function loadPage(pipe: DevTools, url: string, { width, isDark }: View): Promise<LoadedPage> {
  const { targetId } = await pipe.send('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await pipe.send('Target.attachToTarget', { targetId, flatten: true });
  const session = String(sessionId);
  const problems: string[] = [];
  const requests: string[] = [];
  const loaded = new Promise<void>((resolve) => {
    pipe.listen(session, (method, params) => {
      if (method === 'Page.loadEventFired') resolve();
      if (method === 'Network.requestWillBeSent') requests.push(textAt(params, 'request', 'url'));
      if (PROBLEMS.has(method)) problems.push(`${method}: ${JSON.stringify(params)}`);
    });
  });
  const send = (method: string, params: Params = {}): Promise<Params> => pipe.send(method, params, session);
  for (const domain of ['Page', 'Network', 'Log', 'Runtime', 'Audits']) await send(`${domain}.enable`);
  await send('Emulation.setEmulatedMedia', {
    features: [{ name: 'prefers-color-scheme', value: isDark ? 'dark' : 'light' }],
  });
  await send('Emulation.setDeviceMetricsOverride', {
    width,
    height: 900,
    deviceScaleFactor: 1,
    mobile: false,
  });
  await send('Page.navigate', { url });
  await loaded;
  return {
    problems,
    requests,
    evaluate: async (expression) => {
      const { result } = await send('Runtime.evaluate', { expression, returnByValue: true });
      return (result as Params).value;
    },
    screenshot: async () => {
      const { data } = await send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: true });
      return Buffer.from(String(data), 'base64');
    },
  };
}

/** Audits tells what the policy of a page forbade. */
const PROBLEMS: ReadonlySet<string> = new Set([
  'Log.entryAdded',
  'Runtime.consoleAPICalled',
  'Runtime.exceptionThrown',
  'Network.loadingFailed',
  'Audits.issueAdded',
]);

type Params = Readonly<Record<string, unknown>>;

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Params;
  readonly result?: Params;
  readonly error?: { readonly message: string };
  readonly sessionId?: string;
}

/** The DevTools protocol over two pipes: JSON texts that end with a zero byte. */
class DevTools {
  readonly #input: Writable;
  readonly #waiting = new Map<number, (message: Message) => void>();
  readonly #listeners = new Map<string, (method: string, params: Params) => void>();
  #nextId = 1;
  #rest = '';

  constructor(child: ChildProcess) {
    this.#input = child.stdio[3] as Writable;
    const output = child.stdio[4] as Readable;
    // A browser that ends closes both: the answers that are waited for say so.
    this.#input.on('error', () => {});
    output.setEncoding('utf8').on('data', (text: string) => this.#take(text));
    output.on('error', () => {});
    const fail = (): void => {
      for (const answer of this.#waiting.values()) answer({ error: { message: 'chromium ended' } });
    };
    child.once('exit', fail);
    child.once('error', fail);
  }

  listen(sessionId: string, listener: (method: string, params: Params) => void): void {
    this.#listeners.set(sessionId, listener);
  }

  send(method: string, params: Params = {}, sessionId?: string): Promise<Params> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`chromium did not answer ${method}`)),
        ANSWER_TIMEOUT_MS,
      );
      this.#waiting.set(id, ({ error, result }) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        if (error === undefined) resolve(result ?? {});
        else reject(new Error(`${method}: ${error.message}`));
      });
      this.#input.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  }

  #take(text: string): void {
    const messages = (this.#rest + text).split('\0');
    this.#rest = messages.pop() ?? '';
    for (const each of messages) this.#receive(JSON.parse(each) as Message);
  }

  #receive(message: Message): void {
    if (message.id !== undefined) this.#waiting.get(message.id)?.(message);
    else if (message.method !== undefined)
      this.#listeners.get(message.sessionId ?? '')?.(message.method, message.params ?? {});
  }
}

function textAt(params: Params, outer: string, inner: string): string {
  return String((params[outer] as Params | undefined)?.[inner]);
}
