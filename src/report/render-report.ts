import type { ReportFacts } from './facts/report-facts.ts';
import { html } from './html.ts';
import { formatInstant } from './numbers.ts';
import { PAGE_STYLE } from './page-style.ts';
import { accuracySections } from './sections/accuracy.ts';
import { comparisonSections } from './sections/comparison.ts';
import { detailsSection } from './sections/details.ts';
import { dimensionsSections } from './sections/dimensions.ts';
import { gatesSections } from './sections/gates.ts';
import { headSection } from './sections/head.ts';
import { latencySection } from './sections/latency.ts';
import { predictionsSections } from './sections/predictions.ts';
import { rejectsSection } from './sections/rejects.ts';
import { shardsSection } from './sections/shards.ts';
import { stagesSection } from './sections/stages.ts';
import { throughputSection } from './sections/throughput.ts';

/**
 * The report of a run as one HTML page. It asks for nothing from anywhere, has no scripts, and its policy
 * lets a browser load none: what stands in the data cannot become more than text. Pure.
 */
export function renderReport(facts: ReportFacts): string {
  const { summary, timeline, latency, stages, predictions, dimensions, rejects, comparison } = facts;
  const { record } = summary;
  const batchRows = record?.batchSize ?? facts.plan?.batchSize ?? null;
  return `<!doctype html>\n${
    html`<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer"><title>${summary.job}: run ${summary.runId}</title><style>${PAGE_STYLE}</style></head>
<body><main>${headSection(facts)}
<div class="cards">${[
      ...gatesSections(record ?? {}),
      ...accuracySections(facts.accuracy),
      throughputSection(timeline),
      stagesSection(stages),
      latencySection(latency, batchRows),
      shardsSection(timeline),
      ...predictionsSections(predictions),
      ...comparisonSections(comparison),
      ...dimensionsSections(dimensions, record?.coverage),
      rejectsSection(rejects, record?.rowsIn ?? null),
      detailsSection(facts),
    ].map((section) => html`${section}\n`)}</div>
<footer>Made ${formatInstant(facts.madeAt)} by serve-batch ${facts.madeBy} from the files of the run.</footer></main></body></html>`
      .text
  }\n`;
}
