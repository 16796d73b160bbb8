import { describe, expect, it } from 'vitest';
import { ACCURACY_COLUMNS } from '../../src/history/views/accuracy-view.ts';
import { OCCURRENCE_COLUMNS } from '../../src/history/views/occurrences-view.ts';
import { REJECT_COLUMNS } from '../../src/history/views/rejects-view.ts';
import { RUN_COLUMNS } from '../../src/history/views/run-columns.ts';
import { SHARD_COLUMNS } from '../../src/history/views/shards-view.ts';
import { codeSpans, readDoc, sectionOf, tableRows } from './markdown.ts';

const PAGE = readDoc('docs/history.md');

describe('docs/history.md', () => {
  it.each([
    ['runs', RUN_COLUMNS.map(({ name }) => name)],
    ['shards', SHARD_COLUMNS],
    ['rejects', REJECT_COLUMNS],
    ['occurrences', OCCURRENCE_COLUMNS.map(({ name }) => name)],
    ['accuracy', ACCURACY_COLUMNS],
  ])('lists the columns of the view %s, and no others', (view, columns) => {
    const listed = tableRows(sectionOf(PAGE, `### ${view}`)).flatMap(([names = '']) => codeSpans(names));
    expect(listed.sort()).toEqual([...columns].sort());
  });
});
