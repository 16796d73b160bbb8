import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { compileCache } from './compile-cache.ts';

/** What a file of the bundle holds: it is called with what it imports, and returns what it exports. */
type Body = (
  imported: Readonly<Record<string, unknown>>,
  load: (specifier: string) => Promise<unknown>,
  url: string,
) => Readonly<Record<string, unknown>>;

/** Loads the body of a file of the bundle: from what V8 compiled of it before, where that is kept; else as Node does. */
export function loadCompiled(url: URL): Body {
  const file = fileURLToPath(url);
  return (compileCache()?.load(file) ?? createRequire(url)(file)) as Body;
}
