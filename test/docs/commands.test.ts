import { describe, expect, it } from 'vitest';
import { commandsByName, quietProgram } from './command-line.ts';
import { allDocs, fences, readDoc } from './markdown.ts';

const commands = commandsByName(quietProgram());
const { scripts } = JSON.parse(readDoc('package.json')) as { scripts: Record<string, string> };

const lines = allDocs().flatMap((page) =>
  fences(readDoc(page))
    .filter(({ language }) => language === 'sh')
    .flatMap(({ text }) => text.split('\n'))
    .filter((line) => line.trim() !== '')
    .map((line) => ({ page, line: line.replace(/\s+#.*$/, '') })),
);

/** The words after `serve-batch`, quoted ones without their quotes, up to a pipe or redirection. */
function wordsOf(line: string): readonly string[] | null {
  const call = /(?:(?:npx )?serve-batch|node dist\/cli\/main\.js) (.*?)(?: [|>].*)?$/.exec(line)?.[1];
  return call === undefined
    ? null
    : [...call.matchAll(/"([^"]*)"|(\S+)/g)].map(([word, quoted]) => quoted ?? word);
}

const calls = lines.flatMap(({ page, line }) => {
  const words = wordsOf(line);
  return words === null ? [] : [{ page, line, words }];
});

describe('commands shown in the documentation', () => {
  it('are found', () => {
    expect(calls.length).toBeGreaterThan(30);
  });

  it.each(calls)('$page: $line', ({ words }) => {
    const [first = '', second = ''] = words;
    if (first === '--help' || first === '--version') return;
    const command = commands.get(`${first} ${second}`) ?? commands.get(first);
    expect(command?.name()).toBeDefined();
    const known = ['--help', ...(command?.options ?? []).flatMap(({ short, long }) => [short, long])];
    for (const word of words.filter((each) => /^--?[a-z]/.test(each))) expect(known).toContain(word);
  });

  it('name scripts that package.json has', () => {
    const shown = lines.flatMap(({ line }) => [...line.matchAll(/npm run (\S+)/g)].map(([, name]) => name));
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(['test', ...shown]));
  });
});
