import { describe, expect, it } from 'vitest';
import { renderRows } from '../../../src/cli/render/render-result.ts';

const columns = [
  { name: 'n', kind: 'number' },
  { name: 'text', kind: 'text' },
] as const;

async function* chunksOf(...chunks: (string | null)[][][]): AsyncIterable<(string | null)[][]> {
  yield* chunks;
}

describe('renderRows', () => {
  it('puts numbers to the right, and every row on one line', async () => {
    const chunks = chunksOf([['1', 'a\nb']], [['-100.5', null]]);
    expect(await renderRows({ columns, chunks }, 10)).toEqual({
      text: '     n  text\n     1  a b\n-100.5\n',
      isAll: true,
    });
  });

  it('stops after so many rows, and says that there are more', async () => {
    const chunks = chunksOf(
      [['1', 'a']],
      [
        ['2', 'b'],
        ['3', 'c'],
      ],
    );
    const { text, isAll } = await renderRows({ columns, chunks }, 2);
    expect(text).toBe('n  text\n1  a\n2  b\n');
    expect(isAll).toBe(false);
  });

  it('cuts texts that are wider than a terminal', async () => {
    const { text } = await renderRows({ columns, chunks: chunksOf([['1', 'x'.repeat(200)]]) }, 1);
    expect(text.split('\n')[1]).toHaveLength('1  '.length + 80);
  });

  it('fits the window: the widest text is cut first, numbers and short texts never', async () => {
    const rows = [['123456789012', 'a text of some length', 'another, which is longer than the first one']];
    const named = [...columns, { name: 'more', kind: 'text' }] as const;
    const at = async (width?: number) => {
      const { text } = await renderRows({ columns: named, chunks: chunksOf(rows) }, 1, width);
      return text.split('\n')[1];
    };
    expect(await at()).toContain('longer than the first one');
    expect((await at(60))?.length).toBeLessThanOrEqual(60);
    expect(await at(60)).toMatch(/^123456789012 {2}a text/);
    expect(await at(10)).toBe('123456789012  a text …  another…');
  });
});
