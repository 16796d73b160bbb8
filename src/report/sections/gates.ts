import type { GateResult } from '../../core/gates.ts';
import type { RunRecord } from '../../runs/record/run-record.ts';
import { card, lead, missing } from '../card.ts';
import { dataTable } from '../data-table.ts';
import { type Html, html } from '../html.ts';
import { plural } from '../numbers.ts';

/** What the gates of the job said, and what they found. Empty where it has none. */
export function gatesSections({ gates = [], forced }: Pick<RunRecord, 'gates' | 'forced'>): readonly Html[] {
  if (gates.length === 0 && forced === undefined) return [];
  const count = (verdict: GateResult['verdict']) => gates.filter((gate) => gate.verdict === verdict).length;
  const summary = `${count('passed')} of ${plural(gates.length, 'gate')} passed, ${count('failed')} failed, ${count('not compared')} not compared.`;
  return [
    card(
      'Gates',
      [
        lead(summary),
        forced === undefined ? null : html`<p>Published all the same: ${forced.reason}</p>`,
        dataTable(
          ['Gate', 'Verdict', 'What it looked at'],
          gates.map(({ name, verdict, detail }) => [name, verdict, detail]),
        ),
        gates.filter(({ failures }) => failures > 0).map(findingsHtml),
      ],
      { isWide: true },
    ),
  ];
}

function findingsHtml({ name, findings, failures }: GateResult): Html {
  const more = failures - findings.length;
  return html`<h3>${name} <span class="count">${plural(failures, 'finding')}</span></h3>${dataTable(
    ['Segment', 'Column', 'Finding', 'Examples'],
    findings.map(({ segment, column, text, examples }) => [
      segment ?? 'the whole run',
      column ?? '',
      text,
      examples.join('; '),
    ]),
  )}${more > 0 ? missing(`${plural(more, 'finding')} more are not shown.`) : null}`;
}
