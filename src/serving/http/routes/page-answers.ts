import type { FastifyReply, FastifyRequest } from 'fastify';
import { type FrameOptions, PAGE_POLICY, pageFrame } from '../../page/page-frame.ts';
import { signInPage } from '../../page/sign-in-page.ts';

/** Sends a page that nobody keeps, and that can do nothing but what its policy says. */
export function sendHtml(reply: FastifyReply, page: string, policy = PAGE_POLICY): FastifyReply {
  return reply
    .header('content-type', 'text/html; charset=utf-8')
    .header('content-security-policy', policy)
    .header('x-content-type-options', 'nosniff')
    .header('referrer-policy', 'same-origin')
    .header('cross-origin-opener-policy', 'same-origin')
    .header('cross-origin-resource-policy', 'same-origin')
    .header('cache-control', 'no-store')
    .send(page);
}

/** Whether a browser asks, for somebody to read. */
export function wantsPage({ headers }: FastifyRequest): boolean {
  return headers.accept?.includes('text/html') ?? false;
}

/** The form, in the place of the page that was asked for. */
export function askToSignIn(
  reply: FastifyReply,
  options: Pick<FrameOptions, 'now'> & { readonly next: string; readonly isWrong: boolean },
): FastifyReply {
  const content = signInPage(options);
  return sendHtml(reply.code(401), pageFrame({ title: 'Sign in', content, now: options.now }));
}
