import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillTemplate, parseTemplate } from '../../../src/core/text/template.ts';

const fill = (text: string, columns: Readonly<Record<string, string>>) =>
  fillTemplate(parseTemplate(text, 'kv.key'), (column) => columns[column] ?? `no ${column}`);

describe('a template', () => {
  it.each([
    ['{store}', '1'],
    ['{store}:{product}', '1:2'],
    ['s{store}/p{product}.', 's1/p2.'],
    ['{store}{product}{store}', '121'],
    ['{{{store}}}', '{1}'],
    ['{{store}} is {store}', '{store} is 1'],
    ['{a b}', 'three'],
  ])('%s is filled: %s', (template, filled) => {
    expect(fill(template, { store: '1', product: '2', 'a b': 'three' })).toBe(filled);
  });

  it('names its columns in order', () => {
    expect(parseTemplate('{store}:{product}:{store}', 'kv.key').columns).toEqual([
      'store',
      'product',
      'store',
    ]);
  });

  it('puts values in as they are, braces and all', () => {
    expect(fill('{a}:{b}', { a: '{b}', b: '$&' })).toBe('{b}:$&');
  });

  it.each(['{store', 'store}', '{}', '{store}}', '{{store}', '{a{b}}', '{store}:{'])(
    '%s is refused',
    (template) => {
      expect(() => parseTemplate(template, 'kv.field')).toThrow(
        expect.objectContaining({
          code: 'JOB_FILE',
          message: expect.stringMatching(/^kv\.field is .*brace/),
        }),
      );
    },
  );

  it.each(['', 'store', '{{store}}'])('"%s" is refused for naming no column', (template) => {
    expect(() => parseTemplate(template, 'kv.key')).toThrow(
      expect.objectContaining({ code: 'JOB_FILE', message: expect.stringContaining('names no column') }),
    );
  });

  it('keeps any text around its columns, once braces are doubled', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (before, value, after) => {
        const doubled = (text: string) => text.replace(/[{}]/g, '$&$&');
        expect(fill(`${doubled(before)}{a}${doubled(after)}`, { a: value })).toBe(before + value + after);
      }),
    );
  });
});
