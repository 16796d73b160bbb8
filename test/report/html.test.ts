import { describe, expect, it } from 'vitest';
import { escapeHtml, html } from '../../src/report/html.ts';

describe('html', () => {
  it('escapes texts, in elements and in attributes', () => {
    const text = `<script>alert("1" + '2') && x</script>`;
    expect(html`<p title="${text}">${text}</p>`.text).toBe(
      '<p title="&lt;script&gt;alert(&quot;1&quot; + &#39;2&#39;) &amp;&amp; x&lt;/script&gt;">&lt;script&gt;alert(&quot;1&quot; + &#39;2&#39;) &amp;&amp; x&lt;/script&gt;</p>',
    );
  });

  it('takes HTML as it is, lists one after the other, and nothing for null', () => {
    expect(html`<ul>${[1, 2].map((each) => html`<li>${each}</li>`)}${null}</ul>`.text).toBe(
      '<ul><li>1</li><li>2</li></ul>',
    );
  });

  it.each([
    ['a zero byte', 'a\u0000b'],
    ['an escape', 'a\u001bb'],
    ['a turn of the direction', 'a\u202eb'],
    ['half a character', 'a\ud800b'],
    ['the other half', 'a\udc00b'],
  ])('shows %s as a replacement', (_, text) => {
    expect(escapeHtml(text)).toBe('a\ufffdb');
  });

  it('leaves letters of all languages, line ends and whole characters alone', () => {
    expect(escapeHtml('Größe 価格\tمتجر\n😀')).toBe('Größe 価格\tمتجر\n😀');
  });
});
