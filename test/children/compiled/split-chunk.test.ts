import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runInThisContext } from 'node:vm';
import { expect, it } from 'vitest';
import { REPOSITORY } from '../../support/cli.ts';

interface Split {
  readonly facade: string;
  readonly body: string;
}

const { splitChunk } = (await import(
  pathToFileURL(join(REPOSITORY, 'scripts/compiled-chunks.mjs')).href
)) as { readonly splitChunk: (name: string, code: string, bodyName: string) => Split };

const split = (code: string): Split => splitChunk('chunks/a.js', code, 'a.cjs');

/** What the body exports where it is given this. */
function run(body: string, given: object, load: (specifier: string) => unknown = () => null) {
  const factory = runInThisContext(body) as (
    given: object,
    load: (specifier: string) => unknown,
    url: string,
  ) => Readonly<Record<string, () => unknown>>;
  return factory(given, load, 'file:///chunks/a.js');
}

const CODE = `import { a as two } from "./b.js";
import * as all from "node:fs";
import "./c.js";
const four = () => two + two;
function late() { return import("./late.js"); }
const where = () => import.meta.url;
const kind = () => typeof require + typeof module + typeof exports + typeof __filename + typeof all;
const text = () => "import(1)";
export { four as f, late, where as w, kind, text };

//# sourceMappingURL=a.js.map`;

it('leaves imports and exports in the file, in their order', () => {
  const { facade } = split(CODE);
  expect(facade.split('\n').slice(0, 3)).toEqual(CODE.split('\n').slice(0, 3));
  expect(facade).toContain('loadCompiled(new URL("./a.cjs", import.meta.url))');
  expect(facade).toContain('export { e0 as f, e1 as late, e2 as w, e3 as kind, e4 as text };');
});

it('means the same in the body: what is imported, loaded late, its URL, and what modules do not have', () => {
  const { f, late, w, kind, text } = run(split(CODE).body, { two: 2, all: {} }, (name) => `loaded ${name}`);
  expect(f?.()).toBe(4);
  expect(late?.()).toBe('loaded ./late.js');
  expect(w?.()).toBe('file:///chunks/a.js');
  expect(kind?.()).toBe('undefinedundefinedundefinedundefinedobject');
  expect(text?.()).toBe('import(1)');
});

it('keeps lines and columns, and names the map', () => {
  const { body } = split(CODE);
  const before = CODE.split('\n');
  const after = body.split('\n');
  expect(after[3]).toBe(before[3]);
  expect(after[4]).toBe(before[4]?.replace('import(', '__load('));
  expect(after[5]?.indexOf(';')).toBe(before[5]?.indexOf(';'));
  expect(body.trimEnd().split('\n').at(-1)).toBe('//# sourceMappingURL=a.js.map');
});

it.each([
  ['let a = 1; export { a };', 'exports a, which may change'],
  ['const a = await 1; export { a };', 'waits while it is loaded'],
  ['export * from "./b.js";', 'exports in another way'],
  ['export { a } from "./b.js";', 'exports in another way'],
  ['const __load = 1; export { __load };', 'has the word __load'],
])('refuses %s', (code, message) => {
  expect(() => split(code)).toThrow(message);
});

it('refuses more of import.meta than the URL', () => {
  expect(() => split('const a = import.meta.dirname; export { a };')).toThrow('more than its URL');
});

it('is ASCII, and means the same', () => {
  const { body } = split(
    'const text = () => "é ∑ 😀" + `ü` + /^[ä-ö😀]$/u.test("😀") + "\\\\ß"; // ≤\nexport { text };',
  );
  expect(body).toMatch(/^[\0-\x7f]*$/);
  expect(run(body, {}).text?.()).toBe('é ∑ 😀ütrue\\ß');
});

it.each([
  ['a tag that sees how its text is written', 'const t = String.raw`é`; export { t };', 'tagged template'],
  ['a backslash that would escape another one', 'const t = "\\é"; export { t };', 'backslash before'],
])('refuses %s', (_, code, message) => {
  expect(() => split(code)).toThrow(message);
});
