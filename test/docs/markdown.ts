import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export function pathInProject(path: string): string {
  return join(ROOT, path);
}

export function readDoc(path: string): string {
  return readFileSync(pathInProject(path), 'utf8');
}

/** All pages, relative to the project. */
export function allDocs(): readonly string[] {
  const pages = readdirSync(pathInProject('docs'), { recursive: true, encoding: 'utf8' });
  return [
    'README.md',
    'CHANGELOG.md',
    'bench/README.md',
    ...pages.filter((name) => name.endsWith('.md')).map((name) => join('docs', name)),
  ];
}

/** The text below a heading, up to the next one of the same level. */
export function sectionOf(markdown: string, heading: string): string {
  const level = /^#+/.exec(heading)?.[0] ?? '#';
  const lines = markdown.split('\n');
  const start = lines.indexOf(heading);
  if (start === -1) return '';
  const length = lines.slice(start + 1).findIndex((line) => line.startsWith(`${level} `));
  return lines.slice(start + 1, length === -1 ? undefined : start + 1 + length).join('\n');
}

/** The cells of all table rows, headers and rulers left out. */
export function tableRows(markdown: string): readonly (readonly string[])[] {
  const lines = markdown.split('\n');
  return lines.flatMap((line, index) => {
    const isHeader = /^\|[-|]+\|$/.test(lines[index + 1] ?? '');
    if (!line.startsWith('|') || isHeader || /^\|[-|]+\|$/.test(line)) return [];
    return [
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    ];
  });
}

/** Texts between single backticks. */
export function codeSpans(text: string): readonly string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code ?? '');
}

export interface Fence {
  readonly language: string;
  readonly text: string;
}

export function fences(markdown: string): readonly Fence[] {
  return [...markdown.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language, text]) => ({
    language: language ?? '',
    text: text ?? '',
  }));
}
