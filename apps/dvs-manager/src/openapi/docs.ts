/** /api/docs and /api/openapi.json: the description of the API, for everybody; it tells nothing of what is configured. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

import { createDocument } from './document';

const ASSETS: Record<string, string> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>OpenDVS API</title>
    <link rel="stylesheet" href="/api/docs/swagger-ui.css">
    <link rel="icon" type="image/png" href="/api/docs/favicon-32x32.png">
  </head>
  <body>
    <div id="ui"></div>
    <script src="/api/docs/swagger-ui-bundle.js"></script>
    <script src="/api/docs/start.js"></script>
  </body>
</html>
`;
const START = `SwaggerUIBundle({ url: '/api/openapi.json', dom_id: '#ui', deepLinking: true, docExpansion: 'none' });\n`;

/** Call after all routes are known and before the first request. The document is made once, when it is first asked for. */
export function serveDocs(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  const assets = dirname(require.resolve('swagger-ui-dist/package.json'));
  const options = { config: { public: true } };
  let json: string | null = null;
  fastify.get('/api/openapi.json', options, (_, reply) => {
    json ??= JSON.stringify(createDocument(app));
    return reply.type('application/json').send(json);
  });
  fastify.get('/api/docs', options, (_, reply) => reply.type('text/html; charset=utf-8').send(PAGE));
  fastify.get('/api/docs/start.js', options, (_, reply) =>
    reply.type('text/javascript; charset=utf-8').send(START),
  );
  for (const [name, type] of Object.entries(ASSETS)) {
    fastify.get(`/api/docs/${name}`, options, async (_, reply) =>
      reply.type(type).send(await readFile(join(assets, name))),
    );
  }
}
