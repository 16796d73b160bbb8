import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ip = (...args: string[]): Promise<unknown> => run('ip', args);

/** A network of its own on this machine, with one cable to it. */
export interface OwnNetwork {
  /** What stands before a command that is to run in it. */
  readonly prefix: readonly string[];
  /** This machine, as it is seen from there. */
  readonly host: string;
  cut(): Promise<unknown>;
  mend(): Promise<unknown>;
  remove(): Promise<void>;
}

/** Needs root and `ip` of iproute2. */
export async function makeNetwork(): Promise<OwnNetwork> {
  const name = `sb${process.pid}`;
  // Of 198.18.0.0/15, which is set apart for tests of networks.
  const net = `198.18.${process.pid % 256}`;
  await ip('netns', 'add', name);
  await ip('link', 'add', `${name}a`, 'type', 'veth', 'peer', 'name', `${name}b`, 'netns', name);
  await ip('addr', 'add', `${net}.1/24`, 'dev', `${name}a`);
  await ip('link', 'set', `${name}a`, 'up');
  await ip('-n', name, 'addr', 'add', `${net}.2/24`, 'dev', `${name}b`);
  for (const link of ['lo', `${name}b`]) await ip('-n', name, 'link', 'set', link, 'up');
  return {
    prefix: ['ip', 'netns', 'exec', name],
    host: `${net}.1`,
    cut: () => ip('link', 'set', `${name}a`, 'down'),
    mend: () => ip('link', 'set', `${name}a`, 'up'),
    remove: async () => {
      await ip('netns', 'del', name);
    },
  };
}
