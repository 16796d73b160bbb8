import { describe, expect, it } from 'vitest';
import { commandsByName, quietProgram } from './command-line.ts';
import { codeSpans, readDoc, sectionOf, tableRows } from './markdown.ts';

const PAGE = readDoc('docs/cli.md');
const commands = commandsByName(quietProgram());

describe('docs/cli.md', () => {
  it('has a section for every command, and no other', () => {
    const sections = [...PAGE.matchAll(/^## serve-batch (.+)$/gm)].map(([, name]) => name);
    expect(sections.sort()).toEqual([...commands.keys()].sort());
  });

  it.each([...commands])('lists the flags of %s with their variables, and no others', (name, command) => {
    const rows = tableRows(sectionOf(PAGE, `## serve-batch ${name}`)).filter(([cell]) =>
      cell?.startsWith('`-'),
    );
    const listed = rows.map(([flags = '', variable = '']) => ({
      flags: codeSpans(flags).join(', '),
      variable: codeSpans(variable)[0],
    }));
    const built = command.options.map(({ flags, envVar }) => ({ flags, variable: envVar }));
    expect(listed).toEqual(built);
  });

  it.each([...commands])('shows how to call %s with its arguments', (name, command) => {
    const call = ['serve-batch', name, ...command.registeredArguments.map(argumentText)].join(' ');
    expect(sectionOf(PAGE, `## serve-batch ${name}`)).toContain(call);
  });
});

function argumentText(argument: { name(): string; required: boolean; variadic: boolean }): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}
