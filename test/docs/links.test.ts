import { existsSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allDocs, pathInProject, readDoc } from './markdown.ts';

const CODE = /^```.*?^```$/gms;

interface Link {
  readonly page: string;
  readonly target: string;
}

const links: readonly Link[] = allDocs().flatMap((page) =>
  [
    ...readDoc(page)
      .replace(CODE, '')
      .matchAll(/\]\(([^)\s]+)\)/g),
  ].map(([, target = '']) => ({
    page,
    target,
  })),
);

/** As GitHub makes the anchor of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

function anchorsOf(page: string): readonly string[] {
  return [
    ...readDoc(page)
      .replace(CODE, '')
      .matchAll(/^#+ (.+)$/gm),
  ].map(([, heading = '']) => anchorOf(heading));
}

describe('links', () => {
  it.each(links.filter(({ target }) => !/^[a-z]+:/.test(target)))('$page -> $target', ({ page, target }) => {
    const [path = '', anchor] = target.split('#');
    const file = path === '' ? page : normalize(join(dirname(page), path));
    expect(existsSync(pathInProject(file)) && statSync(pathInProject(file)).isFile()).toBe(true);
    if (anchor !== undefined) expect(anchorsOf(file)).toContain(anchor);
  });

  it('lead to every page', () => {
    const reached = links.map(({ page, target }) =>
      normalize(join(dirname(page), target.split('#')[0] ?? '')),
    );
    const lost = allDocs().filter((page) => page !== 'README.md' && !reached.includes(page));
    expect(lost).toEqual([]);
  });
});
