/** The API's description is complete, and says what the API does. */
import type { OpenAPIObject } from '@nestjs/swagger';
import { ManagerRig, aPlace, some } from './manager-api-rig';

interface Schema {
  $ref?: string;
  type?: string;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  allOf?: Schema[];
  anyOf?: Schema[];
  minimum?: number;
  maximum?: number;
  nullable?: boolean;
  enum?: unknown[];
}
interface Operation {
  operationId?: string;
  summary?: string;
  parameters?: { name: string; in: string; description?: string; required?: boolean; schema?: Schema }[];
  requestBody?: object;
  responses: Record<
    string,
    { description?: string; headers?: object; content?: Record<string, { schema: Schema }> }
  >;
  security?: object[];
}

let rig: ManagerRig;
let document: OpenAPIObject;
let schemas: Record<string, Schema>;
let operations: { name: string; path: string; operation: Operation }[];

beforeAll(async () => {
  rig = await ManagerRig.start();
  document = await rig.ok<OpenAPIObject>('GET', '/api/openapi.json');
  schemas = document.components?.schemas as Record<string, Schema>;
  operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item as Record<string, Operation>).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      path,
      operation,
    })),
  );
}, 60_000);
afterAll(() => rig?.stop());

const isPublic = (path: string) => path === '/healthz' || path === '/readyz';

it('has an id of its own and a summary for every operation', () => {
  const ids = operations.map(({ operation }) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { operation } of operations) expect(operation.summary).toBeTruthy();
  expect(ids).toEqual(
    some.listWith([
      'createSwitch',
      'bulkPorts',
      'addSwitchHost',
      'listChanges',
      'getRevision',
      'createToken',
    ]),
  );
});

it('has every route that answers', () => {
  const documented = new Set(operations.map(({ name }) => name.replaceAll(/\{[^}]+\}/g, ':')));
  const fastify = rig.app.getHttpAdapter().getInstance();
  for (const { name } of operations) {
    const [method, path] = name.split(' ') as [string, string];
    expect([name, fastify.hasRoute({ method: method, url: path.replaceAll(/\{([^}]+)\}/g, ':$1') })]).toEqual(
      [name, true],
    );
  }
  expect(documented.size).toBe(operations.length);
});

it('tells every error that any operation can have', () => {
  for (const { name, path, operation } of operations) {
    const codes = Object.keys(operation.responses);
    const expected = isPublic(path) ? ['500', '503'] : ['401', '429', '500', '503'];
    expect([name, codes]).toEqual([name, some.listWith(expected)]);
    for (const [code, response] of Object.entries(operation.responses)) {
      if (Number(code) < 400) continue;
      expect([name, code, response.content?.['application/problem+json']?.schema.$ref]).toEqual([
        name,
        code,
        '#/components/schemas/ProblemDto',
      ]);
      expect(response.description).toContain('https://opendvs.dev/problems/');
    }
  }
});

it('tells of locking, waiting and repeating where they apply', () => {
  for (const { name, operation } of operations) {
    const parameters = (operation.parameters ?? []).map((parameter) => parameter.name);
    const codes = Object.keys(operation.responses);
    if (name.startsWith('PATCH')) {
      expect([name, parameters]).toEqual([name, some.listWith(['If-Match', 'wait', 'timeoutMs'])]);
      expect([name, codes]).toEqual([
        name,
        some.listWith(['200', '202', '400', '404', '409', '412', '415', '422', '428']),
      ]);
    }
    if (name.startsWith('DELETE'))
      expect([name, codes]).toEqual([name, some.listWith(['202', '204', '404', '409', '412'])]);
    if (/^GET .*\{id\}$/.test(name))
      expect([name, operation.responses['200']?.headers]).toEqual([
        name,
        expect.objectContaining({ ETag: some.thing }) as unknown,
      ]);
  }
});

it('describes every parameter and every field, with a range for every integer', () => {
  for (const { name, operation } of operations) {
    for (const parameter of operation.parameters ?? []) {
      expect([name, parameter.name, parameter.description || (parameter.in === 'path' && 'path')]).toEqual([
        name,
        parameter.name,
        some.text,
      ]);
      expectRange(`${name} ${parameter.name}`, parameter.schema);
    }
  }
  for (const [schemaName, schema] of Object.entries(schemas)) {
    for (const [field, property] of Object.entries(schema.properties ?? {})) {
      expect([schemaName, field, property.description]).toEqual([schemaName, field, some.matching(/\w{3}/)]);
      expectRange(`${schemaName}.${field}`, property);
      expect([schemaName, field, shapeOf(property)]).toEqual([schemaName, field, some.text]);
    }
  }
});

/** Type of a field, or the schema it refers to. */
function shapeOf({ $ref, allOf, items, type }: Schema): string | undefined {
  return $ref ?? allOf?.[0]?.$ref ?? items?.$ref ?? items?.type ?? type;
}

function expectRange(where: string, schema: Schema | undefined): void {
  if (schema?.type !== 'integer') return;
  expect([where, schema.minimum, schema.maximum]).toEqual([where, some.number, some.number]);
}

it('tells units', () => {
  expect(schemas.CreateSwitchDto?.properties?.mtuBytes).toMatchObject({
    minimum: 1280,
    maximum: 9702,
    default: 1500,
    description: some.containing('Unit: bytes'),
  });
  expect(schemas.ThresholdDto?.properties?.rateKbps?.description).toContain('Unit: kbit/s');
  expect(schemas.ThresholdDto?.properties?.ratePps?.description).toContain('Unit: packets/s');
});

it('has answers whose fields are exactly those of the schema', async () => {
  const { port, dvs, host, group } = await aPlace(rig);
  const created = await rig.ok('POST', '/ports', { ...port, name: 'p' });
  const uplink = await rig.ok('POST', '/uplink-groups', {
    name: 'u',
    hostId: host.id,
    switchId: dvs.id,
    members: [{ kernelName: 'eth1' }],
  });
  const answers: [string, Record<string, unknown>][] = [
    ['SwitchDto', await rig.ok('GET', `/switches/${dvs.id}`)],
    ['HostDto', await rig.ok('GET', `/hosts/${host.id}`)],
    ['PortGroupDto', await rig.ok('GET', `/port-groups/${group.id}`)],
    ['PortDto', await rig.ok('GET', `/ports/${String(created.id)}`)],
    ['UplinkGroupDto', await rig.ok('GET', `/uplink-groups/${String(uplink.id)}`)],
    ['MembershipDto', await rig.ok('GET', `/switches/${dvs.id}/hosts/${host.id}`)],
    ['ChangeDto', (await rig.ok<{ items: Record<string, unknown>[] }>('GET', '/changes?limit=1')).items[0]!],
    ['RevisionDto', await rig.ok('GET', '/revision')],
    ['TokenDto', (await rig.ok<{ items: Record<string, unknown>[] }>('GET', '/tokens')).items[0]!],
    ['ProblemDto', (await rig.send('POST', '/switches', {})).body],
  ];
  for (const [name, answer] of answers) {
    const schema = schemas[name]!;
    expect([name, Object.keys(answer).sort()]).toEqual([name, Object.keys(schema.properties!).sort()]);
    expect([name, Object.keys(answer)]).toEqual([name, some.listWith(schema.required!)]);
    for (const [field, value] of Object.entries(answer)) {
      if (value === null)
        expect([name, field, schema.properties![field]!.nullable]).toEqual([name, field, true]);
    }
  }
});

it('refers only to schemas that it has', () => {
  const text = JSON.stringify(document);
  for (const [, name] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g))
    expect(schemas).toHaveProperty([name!]);
});

it('is shown to people without a token, and without anything from elsewhere', async () => {
  const page = await rig.send<string>('GET', '/api/docs', undefined, { authorization: undefined });
  expect(page).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } });
  const sources = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source]) => source!);
  expect(sources.length).toBeGreaterThan(3);
  for (const source of sources) {
    expect(source).toMatch(/^\/api\/docs\//);
    expect(await rig.send('GET', source, undefined, { authorization: undefined })).toMatchObject({
      status: 200,
    });
  }
});
