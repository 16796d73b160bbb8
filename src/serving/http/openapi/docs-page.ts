import { type Html, html } from '../../../report/html.ts';
import { PAGE_STYLE } from '../../../report/page-style.ts';
import type { openApiDocument } from './openapi.ts';

type Document = ReturnType<typeof openApiDocument>;

interface Operation {
  readonly summary: string;
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
}

const EXAMPLE = `curl 'http://HOST/v1/jobs/JOB/predictions?store=1&product=2&date=2026-11-21'
curl http://HOST/v1/jobs/JOB/predictions -H 'content-type: application/json' \\
  -d '{"keys": [{"store": 1, "product": 2, "date": "2026-11-21"}]}'`;

/** The API for people to read: one page without scripts and without requests to anywhere. */
export function docsPage(document: Document): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>serve-batch API</title>
<style>${PAGE_STYLE}pre{overflow-x:auto}</style>
</head>
<body>
<main>
<h1>serve-batch API</h1>
<p>Programs find all of this in <a href="/openapi.json">openapi.json</a> (OpenAPI 3.1).</p>
<pre><code>${EXAMPLE}</code></pre>
${operationsOf(document).map(operationHtml)}
</main>
</body>
</html>
`;
}

function operationsOf(document: Document): (readonly [title: string, operation: Operation])[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    (['get', 'post'] as const).flatMap((method) => {
      const operation = (item as Readonly<Record<string, Operation | undefined>>)[method];
      return operation === undefined ? [] : [[`${method.toUpperCase()} ${path}`, operation] as const];
    }),
  );
}

function operationHtml([title, { summary, responses }]: readonly [string, Operation]): Html {
  const answers = Object.entries(responses).map(
    ([code, { description }]) => html`<div><dt>${code}</dt><dd>${description}</dd></div>`,
  );
  return html`<h2><code>${title}</code></h2>
<p>${summary}</p>
<dl class="details">${answers}</dl>
`;
}
