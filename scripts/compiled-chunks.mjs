// Splits a file of the bundle in two: the file itself keeps what it imports and exports, and beside it lies a CommonJS
// file with all that it holds. Node 20 can keep what V8 compiled of the latter, and not of a module (docs/adr/0053).
// Lines and columns stay where they were: the map of the file is that of both.
import { parseAst } from 'rolldown/parseAst';

const LOADER = '../children/compiled/load-compiled.js';
/** As long as what they stand for. */
const IMPORT = { was: 'import', is: '__load' };
const URL_OF_FILE = { was: 'import.meta.url', is: '__url_of_module' };
/** CommonJS has them, modules have not: code that asks for them is to find what it would find in a module. */
const OF_COMMONJS = ['module', 'exports', 'require', '__filename', '__dirname'];

/** @returns the two texts: `facade` for the file, and `body` for the one beside it, named `bodyName` */
export function splitChunk(name, code, bodyName) {
  const { body: statements } = parseAst(code, { lang: 'js', sourceType: 'module' }, name);
  const imports = statements.filter(({ type }) => type === 'ImportDeclaration');
  const exports = statements.filter(({ type }) => type.startsWith('Export'));
  assertSimple(name, code, { statements, exports });
  const given = imports.flatMap(({ specifiers }) => specifiers.map(({ local }) => local.name));
  const made = exports.flatMap(({ specifiers }) =>
    specifiers.map(({ local, exported }) => ({ local: local.name, exported: exported.name })),
  );
  return {
    facade: facadeOf(code, imports, { given, made, bodyName }),
    body: bodyOf(code, { imports, exports, statements, given, made }),
  };
}

/** What would mean something else in a function that is called once, with what is imported as its arguments. */
function assertSimple(name, code, { statements, exports }) {
  const fail = (what) => {
    throw new Error(`${name} ${what}: scripts/compiled-chunks.mjs cannot split it.`);
  };
  if (exports.some(({ type, source }) => type !== 'ExportNamedDeclaration' || source !== null))
    fail('exports in another way than by one list of names');
  const exported = new Set(exports.flatMap(({ specifiers }) => specifiers.map(({ local }) => local.name)));
  for (const { type, kind, declarations } of statements) {
    if (type !== 'VariableDeclaration' || kind !== 'let') continue;
    const changing = declarations.find(({ id }) => exported.has(id.name));
    if (changing !== undefined) fail(`exports ${changing.id.name}, which may change`);
  }
  for (const word of [IMPORT.is, URL_OF_FILE.is]) if (code.includes(word)) fail(`has the word ${word}`);
  walk(statements, (node, isInFunction) => {
    if (node.type === 'AwaitExpression' && !isInFunction) fail('waits while it is loaded');
  });
}

function walk(node, visit, isInFunction = false) {
  if (node === null || typeof node !== 'object') return;
  if (typeof node.type === 'string') visit(node, isInFunction);
  const inside = isInFunction || /Function/.test(node.type ?? '');
  for (const each of Object.values(node)) walk(each, visit, inside);
}

function facadeOf(code, imports, { given, made, bodyName }) {
  return [
    ...imports.map(({ start, end }) => code.slice(start, end)),
    `import { loadCompiled } from ${JSON.stringify(LOADER)};`,
    `const {`,
    ...made.map(({ exported }, index) => `\t${exported}: e${index},`),
    `} = loadCompiled(new URL("./${bodyName}", ${URL_OF_FILE.was}))({`,
    ...given.map((local) => `\t${local},`),
    `}, (specifier) => import(specifier), ${URL_OF_FILE.was});`,
    `export { ${made.map(({ exported }, index) => `e${index} as ${exported}`).join(', ')} };`,
    '',
  ].join('\n');
}

function bodyOf(code, { imports, exports, statements, given, made }) {
  const edits = [
    ...imports.map(({ start, end }) => ({ start, end, text: '' })),
    ...exports.map(({ start, end }) => ({ start, end, text: '' })),
  ];
  walk(statements, ({ type, start, end, meta }) => {
    if (type === 'ImportExpression') edits.push({ start, end: start + IMPORT.was.length, text: IMPORT.is });
    if (type === 'MetaProperty' && meta.name === 'import') {
      if (code.slice(start, start + URL_OF_FILE.was.length) !== URL_OF_FILE.was)
        throw new Error(`The bundle asks a module for more than its URL: ${code.slice(start, end + 20)}`);
      edits.push({ start, end: start + URL_OF_FILE.was.length, text: URL_OF_FILE.is });
    }
  });
  const declared = new Set(namesDeclared(statements));
  const hidden = OF_COMMONJS.filter((name) => !given.includes(name) && !declared.has(name));
  const head = `"use strict"; (typeof module === "object" ? module : {}).exports = (function ({ ${given.join(', ')} }, ${IMPORT.is}, ${URL_OF_FILE.is}${hidden.map((name) => `, ${name}`).join('')}) {`;
  const tail = `return { ${made.map(({ local, exported }) => `${exported}: ${local}`).join(', ')} };\n});\n`;
  const map = /\n\/\/# sourceMappingURL=.*\s*$/.exec(code)?.[0] ?? '';
  const text = edited(code.slice(0, code.length - map.length), edits);
  assertNoRawText(statements, code);
  return `${head}${inAscii(text)}\n${tail}${map.trim()}\n`;
}

/** One character that is not ASCII makes a text of two bytes a character of all others. */
function inAscii(text) {
  return text.replaceAll(/(\\*)([^\0-\x7f])/g, (_, before, character) => {
    if (before.length % 2 === 1) throw new Error(`The bundle has a backslash before "${character}".`);
    return `${before}\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** A tag sees how its text was written. */
function assertNoRawText(statements, code) {
  walk(statements, ({ type, start, end }) => {
    if (type === 'TaggedTemplateExpression' && /[^\0-\x7f]/.test(code.slice(start, end)))
      throw new Error(`The bundle has a tagged template that is not ASCII: ${code.slice(start, start + 40)}`);
  });
}

function namesDeclared(statements) {
  return statements.flatMap((node) => {
    if (node.type === 'VariableDeclaration') return node.declarations.map(({ id }) => id.name);
    return node.type === 'FunctionDeclaration' || node.type === 'ClassDeclaration' ? [node.id.name] : [];
  });
}

function edited(code, edits) {
  let text = '';
  let from = 0;
  for (const { start, end, text: put } of edits.toSorted((a, b) => a.start - b.start)) {
    text += code.slice(from, start) + put;
    from = end;
  }
  return text + code.slice(from);
}
