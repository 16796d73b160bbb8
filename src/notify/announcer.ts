import type { NotifySpec } from '../config/sections/notify.ts';
import type { Log } from '../core/effects.ts';
import type { Alert, Announcer } from '../jobs/alert.ts';
import { COMMAND_TIMEOUT_MS, runAlertCommand } from './alert-command.ts';
import { sendRequest, shownUrl, WEB_PAUSES_MS, WEB_TIMEOUT_MS } from './webhook.ts';

export interface AnnouncerOptions {
  readonly log: Log;
  /** Takes passwords out of what is sent. */
  readonly mask: (text: string) => string;
  /** For commands. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Default: {@link WEB_PAUSES_MS}. */
  readonly pausesMs?: readonly number[];
  /** For one try of a webhook or heartbeat. Default: {@link WEB_TIMEOUT_MS}. */
  readonly timeoutMs?: number;
  /** Default: {@link COMMAND_TIMEOUT_MS}. */
  readonly commandTimeoutMs?: number;
}

/** Sends alerts to webhooks and commands, and heartbeats. What fails is logged. */
export function createAnnouncer(options: AnnouncerOptions): Announcer {
  const { log, mask, env, pausesMs = WEB_PAUSES_MS, timeoutMs = WEB_TIMEOUT_MS } = options;
  const { commandTimeoutMs = COMMAND_TIMEOUT_MS } = options;
  const attempt = async (what: string, fields: Readonly<Record<string, unknown>>, send: Promise<void>) => {
    try {
      await send;
    } catch (error) {
      log.warn(`${what}: ${mask(error instanceof Error ? error.message : String(error))}`, fields);
    }
  };
  const toWebhook = (url: string, body: string) =>
    sendRequest({ method: 'POST', url, body, timeoutMs, pausesMs });
  const toCommand = (command: readonly string[], body: string, alert: Alert) =>
    runAlertCommand({ command, body, env: { ...env, ...variablesOf(alert) }, timeoutMs: commandTimeoutMs });
  return {
    async alert({ notify }, alert) {
      const { event, job, occurrence, runId } = alert;
      const fields = { event, job, occurrence, runId };
      if (notify === null || !notify.on.includes(event)) return;
      const body = mask(JSON.stringify(alert));
      await Promise.all([
        ...sendsTo(notify.webhook, (url) =>
          attempt(`the webhook ${shownUrl(url)} was not told`, fields, toWebhook(url, body)),
        ),
        ...sendsTo(notify.command, (command) =>
          attempt(`the command ${command[0]} was not told`, fields, toCommand(command, body, alert)),
        ),
      ]);
    },
    async success({ name, heartbeat }) {
      if (heartbeat === null) return;
      const request = { method: 'GET', url: heartbeat, timeoutMs, pausesMs } as const;
      await attempt(`the heartbeat ${shownUrl(heartbeat)} failed`, { job: name }, sendRequest(request));
    },
  };
}

function sendsTo<T extends NonNullable<NotifySpec['webhook' | 'command']>>(
  receiver: T | null,
  send: (receiver: T) => Promise<void>,
): Promise<void>[] {
  return receiver === null ? [] : [send(receiver)];
}

/** None of these names is read as a flag by a serve-batch that the command may call. */
function variablesOf({ event, job, runId, occurrence }: Alert): Record<string, string> {
  return {
    SERVE_BATCH_ALERT_EVENT: event,
    SERVE_BATCH_ALERT_JOB: job,
    SERVE_BATCH_ALERT_RUN: runId ?? '',
    SERVE_BATCH_ALERT_OCCURRENCE: occurrence ?? '',
  };
}
