import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { VERSION } from '../version';

/** Names of the schemes and paths that need no token. */
const PUBLIC_PATHS = ['/healthz', '/readyz'];

const DESCRIPTION = `
Distributed virtual switches for KVM hosts with userspace dataplanes.

- **Authentication**: \`Authorization: Bearer TOKEN\` everywhere but on health. The first start of the manager prints the administrator's token.
- **Errors** are problem documents (RFC 9457, \`application/problem+json\`); \`errors\` names each field at fault and the reason.
- **Locking**: answers carry an \`ETag\`; PATCH needs it back in \`If-Match\` and is refused (412) when somebody was faster.
- **Retrying**: a POST repeated with the same \`Idempotency-Key\` is carried out once.
- **Waiting**: writes are saved when they are answered; with \`?wait=applied\` the answer is held until the dataplanes of the hosts have the change.
- **Lists**: \`limit\`, \`sort\`, filters, and \`next\` for the following page.
- **Bodies** are UTF-8 JSON of at most 1 MiB (bulk requests: 8 MiB), nested at most 32 levels deep.
`;

export function createDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('OpenDVS manager')
    .setDescription(DESCRIPTION)
    .setVersion(VERSION)
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'A token of POST /api/v1/tokens.' })
    .addSecurityRequirements('bearer')
    .build();
  const document = SwaggerModule.createDocument(app, config);
  for (const path of PUBLIC_PATHS) {
    for (const operation of Object.values(document.paths[path] ?? {}) as { security?: object[] }[])
      operation.security = [];
  }
  return document;
}
