// Projects: unit (specs beside the source), integration (real PostgreSQL, NATS, OVS), e2e (real VMs). npm test runs all.
const { readdirSync, readFileSync, existsSync } = require('node:fs');
const { join } = require('node:path');

/** Packages that are ES modules only: jest can't require these on Node 20, so SWC transforms exactly them. */
function esModulePackages() {
  const modules = join(__dirname, 'node_modules');
  const names = existsSync(modules) ? readdirSync(modules).flatMap((n) => (n.startsWith('@') ? readdirSync(join(modules, n)).map((m) => `${n}/${m}`) : [n])) : [];
  return names.filter((name) => {
    const file = join(modules, name, 'package.json');
    return existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).type === 'module';
  });
}

const transform = {
  '^.+\\.(t|j|mj)s$': [
    '@swc/jest',
    {
      swcrc: false,
      module: { type: 'commonjs', ignoreDynamic: true },
      jsc: {
        target: 'es2023',
        parser: { syntax: 'typescript', decorators: true },
        transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
        keepClassNames: true,
      },
    },
  ],
};
const project = (name, roots, extra = {}) => ({
  displayName: name,
  rootDir: __dirname,
  roots: roots.map((r) => `<rootDir>/${r}`),
  testMatch: ['**/*.spec.ts'],
  testEnvironment: 'node',
  transform,
  transformIgnorePatterns: [`/node_modules/(?!(${esModulePackages().join('|')})/)`],
  moduleNameMapper: { '^@opendvs/([^/]+)$': '<rootDir>/libs/$1/src/index.ts' },
  ...extra,
});

module.exports = {
  projects: [
    project('unit', ['apps', 'libs', 'deploy', 'dataplane']),
    project('integration', ['test/integration']),
    project('e2e', ['test/e2e']),
  ],
};
