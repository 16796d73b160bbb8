import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../../core/effects.ts';
import type { Sessions } from '../../page/sessions.ts';
import { askToSignIn } from './page-answers.ts';

const MOST_BYTES = 4_096;

export interface SignInParts {
  readonly sessions: Sessions;
  readonly clock: Clock;
  /** Whether cookies must not go over plain HTTP. */
  readonly isSecure: boolean;
}

/** The only forms that change something, and that only in the browser that sends them. */
export function addSignInRoutes(app: FastifyInstance, { sessions, clock, isSecure }: SignInParts): void {
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: MOST_BYTES },
    (_, body, done) => done(null, new URLSearchParams(String(body))),
  );
  const config = { isOpen: true };
  app.post('/sign-in', { config }, async (request, reply) => {
    const form = formOf(request);
    const next = localAddress(form.get('next') ?? '/');
    const cookie = isForeign(request) ? null : sessions.begin(form.get('token') ?? '', { isSecure });
    if (cookie === null) return askToSignIn(reply, { next, isWrong: true, now: clock.now() });
    return goTo(reply.header('set-cookie', cookie), next);
  });
  app.post('/sign-out', { config }, async (request, reply) =>
    goTo(isForeign(request) ? reply : reply.header('set-cookie', sessions.end({ isSecure })), '/'),
  );
}

function formOf({ body }: FastifyRequest): URLSearchParams {
  return body instanceof URLSearchParams ? body : new URLSearchParams();
}

/** Whether a page of another origin has sent the form. Browsers that do not say so are older than the cookie's rules. */
function isForeign({ headers }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'];
  return site !== undefined && site !== 'same-origin' && site !== 'none';
}

/** Never leads anywhere else, whatever the form says. */
export function localAddress(text: string): string {
  const origin = 'http://here';
  if (!text.startsWith('/') || !URL.canParse(text, origin)) return '/';
  const { origin: found, pathname, search } = new URL(text, origin);
  return found === origin && !pathname.startsWith('//') ? `${pathname}${search}` : '/';
}

function goTo(reply: FastifyReply, address: string): FastifyReply {
  return reply.code(303).header('location', address).header('cache-control', 'no-store').send();
}
