import { type Code, TYPE, unsigned, type ValueType } from './code.ts';

/** A function of a module: the types of its parameters, and what it does. It gives nothing back. */
export interface ModuleFunction {
  readonly parameters: readonly ValueType[];
  readonly code: Code;
  /** Name that it is exported under; null: it can be called through the table only. */
  readonly name: string | null;
}

const SECTION = { type: 1, import: 2, function: 3, table: 4, export: 7, element: 9, code: 10 } as const;
const FUNCTION_TYPE = 0x60;
const FUNCTION_REFERENCE = 0x70;

/** A module of two parameters-only function types at most: `(i32, i32)` is 0, others follow in order. */
export function encodeModule(functions: readonly ModuleFunction[]): Uint8Array {
  const types = [[TYPE.i32, TYPE.i32], ...functions.map(({ parameters }) => [...parameters])];
  const sections = [
    section(SECTION.type, vector(types.map((each) => [FUNCTION_TYPE, ...vector(each.map(byte)), 0]))),
    section(SECTION.import, vector([[...text('env'), ...text('memory'), 2, 0, 0]])),
    section(SECTION.function, vector(functions.map((each, index) => unsigned(typeOf(each, index))))),
    section(SECTION.table, vector([[FUNCTION_REFERENCE, 0, ...unsigned(functions.length)]])),
    section(SECTION.export, vector(exportsOf(functions))),
    section(
      SECTION.element,
      vector([[0, 0x41, 0, 0x0b, ...vector(functions.map((_, index) => unsigned(index)))]]),
    ),
  ];
  const bodies = functions.map(({ code }) => code.encode());
  const size = bodies.reduce((sum, { length }) => sum + length, 0);
  const count = unsigned(functions.length);
  const code = [SECTION.code, ...unsigned(count.length + size), ...count];
  return Buffer.concat([
    Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0),
    ...sections,
    Uint8Array.from(code),
    ...bodies,
  ]);
}

/** Functions that are called through the table share a type. */
function typeOf({ parameters }: ModuleFunction, index: number): number {
  return parameters.length === 2 && parameters.every((type) => type === TYPE.i32) ? 0 : index + 1;
}

function exportsOf(functions: readonly ModuleFunction[]): number[][] {
  return functions.flatMap(({ name }, index) =>
    name === null ? [] : [[...text(name), 0, ...unsigned(index)]],
  );
}

function section(id: number, content: readonly number[]): Uint8Array {
  return Uint8Array.from([id, ...unsigned(content.length), ...content]);
}

function vector(items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function byte(value: number): number[] {
  return [value];
}

function text(value: string): number[] {
  const bytes = Buffer.from(value);
  return [...unsigned(bytes.length), ...bytes];
}
