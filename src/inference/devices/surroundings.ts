import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** What decides which devices a machine can have; handed in so that tests can hand in others. */
export interface Surroundings {
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Stands for `/` where Linux shows its devices. */
  readonly root: string;
  /** Where onnxruntime-node has its libraries for this platform. */
  readonly providerFolder: string;
}

export function surroundings(): Surroundings {
  const { platform, arch, env } = process;
  const home = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
  return { platform, arch, env, root: '/', providerFolder: join(home, 'bin/napi-v6', platform, arch) };
}
