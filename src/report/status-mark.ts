import type { RunStatus } from '../runs/list/run-status.ts';
import { type Html, html } from './html.ts';

/** How something is to be taken: it has words, too, since a colour alone tells nothing to many. */
export type Mood = 'good' | 'bad' | 'plain';

const MOOD_OF_STATUS: Readonly<Record<RunStatus, Mood>> = {
  published: 'good',
  committed: 'plain',
  candidate: 'plain',
  superseded: 'plain',
  'rolled back': 'bad',
  failed: 'bad',
  running: 'plain',
  interrupted: 'bad',
};

export function statusMark(text: string, mood: Mood): Html {
  return html`<span class="status ${mood}">${text}</span>`;
}

export function runStatusMark(status: RunStatus): Html {
  return statusMark(status, MOOD_OF_STATUS[status]);
}
