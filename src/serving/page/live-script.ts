import { Html } from '../../report/html.ts';

/**
 * Follows a run at work. All of it may be missing: without scripts the page loads itself again. Texts go into the
 * page as texts.
 */
export const LIVE_SCRIPT = new Html(`
const live = document.getElementById('live');
if (live && window.EventSource) {
  const bar = live.querySelector('progress');
  const text = live.querySelector('[data-text]');
  const log = document.getElementById('log');
  const source = new EventSource(live.dataset.events);
  source.addEventListener('progress', (event) => {
    const { value, max, text: said, lines, isWhole } = JSON.parse(event.data);
    bar.max = max;
    bar.value = value;
    text.textContent = said;
    if (isWhole) log.replaceChildren();
    for (const { time, level, message } of lines) {
      const item = document.createElement('li');
      const at = document.createElement('span');
      item.className = level;
      at.textContent = time;
      item.append(at, ' ' + message);
      log.append(item);
    }
    while (log.children.length > 200) log.firstElementChild.remove();
    if (lines.length > 0) log.scrollTop = log.scrollHeight;
  });
  source.addEventListener('end', () => {
    source.close();
    location.reload();
  });
}
`);

/** Not a template of `html`: for one that holds this end tag the bundler imports a helper that we do not install. */
export const LIVE_SCRIPT_ELEMENT = new Html(`<script>${LIVE_SCRIPT.text}</script>`);
