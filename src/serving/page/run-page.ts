import { card, missing } from '../../report/card.ts';
import { latencyOf } from '../../report/facts/latency.ts';
import { stagesOf } from '../../report/facts/stages.ts';
import { timelineOf } from '../../report/facts/timeline.ts';
import { type Html, html } from '../../report/html.ts';
import { detailsSection } from '../../report/sections/details.ts';
import { gatesSections } from '../../report/sections/gates.ts';
import { headSection } from '../../report/sections/head.ts';
import { latencySection } from '../../report/sections/latency.ts';
import { shardsSection } from '../../report/sections/shards.ts';
import { stagesSection } from '../../report/sections/stages.ts';
import { throughputSection } from '../../report/sections/throughput.ts';
import { jobAddress, progressAddress, reportAddress } from './addresses.ts';
import type { RunFacts } from './facts/read-run.ts';
import type { RunProgress } from './facts/run-follower.ts';
import { pathHtml } from './page-frame.ts';

/** One run: what the report says of it without its parts, how it goes on, and the end of its log. */
export function runPage(job: string, facts: RunFacts): Html {
  const { summary, plan, shards, hasTooMany, progress } = facts;
  const { runId, record } = summary;
  const timeline = timelineOf(shards);
  const path = pathHtml(
    [
      ['/', 'Jobs'],
      [jobAddress(job), job],
    ],
    runId,
  );
  return html`${path}${headSection({ summary, plan, shardsDone: shards.length }, 'One run')}${reportLink(job, facts)}${
    isLive(facts) ? liveCard(progressAddress(job, runId), progress) : null
  }<div class="cards">${gatesSections(record ?? {})}${
    hasTooMany
      ? card('Shards', missing('There are too many shards for this page. The full report draws them.'))
      : [
          throughputSection(timeline),
          stagesSection(record?.stages ?? stagesOf(shards)),
          latencySection(latencyOf(shards), record?.batchSize ?? plan?.batchSize ?? null),
          shardsSection(timeline),
        ]
  }</div>${logCard(progress)}${detailsSection(facts)}`;
}

/** Whether it goes on. */
export function isLive({ summary }: RunFacts): boolean {
  return summary.status === 'running';
}

function reportLink(job: string, facts: RunFacts): Html | null {
  if (isLive(facts)) return null;
  return html`<p><a href="${reportAddress(job, facts.summary.runId)}">The full report</a>, with predictions, coverage and rejects. It reads the parts: that takes a moment.</p>`;
}

function liveCard(address: string, { value, max, text }: RunProgress): Html {
  return html`<section class="card" id="live" data-events="${address}"><h2 id="live-title">At work</h2><progress value="${value}" max="${max}" aria-labelledby="live-title"></progress><p data-text>${text}</p><noscript><p class="why">This page loads itself again every few seconds.</p></noscript></section>`;
}

function logCard({ lines }: RunProgress): Html {
  return card(
    'The end of the log',
    html`${lines.length === 0 ? missing('The log has no lines yet.') : null}<ol class="log" id="log" tabindex="0" aria-label="The end of the log">${lines.map(
      ({ time, level, message }) => html`<li class="${level}"><span>${time}</span> ${message}</li>`,
    )}</ol>`,
    { isWide: true },
  );
}
