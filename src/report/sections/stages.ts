import { formatSeconds } from '../../core/text/amounts.ts';
import type { StageSeconds } from '../../runs/record/shard-record.ts';
import { card, lead, missing } from '../card.ts';
import { barRows } from '../chart/bar-rows.ts';
import { numberCell, tableBehind } from '../data-table.ts';
import type { Html } from '../html.ts';
import { formatShare } from '../numbers.ts';

/** What each stage does, in the order in which a row goes through them. */
const STAGES: readonly (readonly [stage: keyof StageSeconds, meaning: string])[] = [
  ['read', 'reading rows of the input'],
  ['features', 'making the inputs of the model'],
  ['infer', 'calls of the model'],
  ['write', 'writing parts'],
  ['stage', 'loading the store'],
];

/** Where the time went. */
export function stagesSection(stages: StageSeconds | null): Html {
  const title = 'Stage times';
  const total = stages === null ? 0 : STAGES.reduce((sum, [stage]) => sum + stages[stage], 0);
  if (stages === null || total === 0) return card(title, missing('No work of this run was timed.'));
  const longest = STAGES.reduce((a, b) => (stages[b[0]] > stages[a[0]] ? b : a));
  const description = `${formatSeconds(total)} of work of all processes together; most of it (${formatShare(stages[longest[0]] / total)}) went into ${longest[1]}.`;
  const rows = STAGES.map(([stage]) => ({
    name: stage,
    value: stages[stage],
    text: `${formatSeconds(stages[stage])}, ${formatShare(stages[stage] / total)}`,
  }));
  return card(title, [
    lead(description),
    barRows({ id: 'stages', title, description }, rows, Math.max(...rows.map(({ value }) => value))),
    tableBehind(
      ['Stage', 'Meaning', 'Seconds', 'Share'],
      STAGES.map(([stage, meaning]) => [
        stage,
        meaning,
        numberCell(stages[stage].toFixed(3)),
        numberCell(formatShare(stages[stage] / total)),
      ]),
    ),
  ]);
}
