// Import rules of docs/architecture.md, at error level. Run: npm run imports
const lib = (name) => `^libs/${name}/`;
const only = (name, from, allowed, comment) => ({
  name,
  severity: 'error',
  comment,
  from: { path: from, pathNot: '\\.spec\\.ts$' },
  to: { path: '^(libs|apps|deploy|test|dataplane)/', pathNot: [from, ...allowed.map(lib)] },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    only('model-imports-nothing', '^libs/model/', []),
    { name: 'model-is-pure', severity: 'error', from: { path: '^libs/model/', pathNot: '\\.spec\\.ts$' }, to: { dependencyTypes: ['core', 'npm'] } },
    only('contracts-import-model', '^libs/contracts/', ['model']),
    only('dataplane-imports-model', '^libs/dataplane/', ['model']),
    only('reconciler-imports', '^libs/reconciler/', ['model', 'dataplane']),
    only('ovsdb-stands-alone', '^libs/ovsdb/', []),
    only('openflow-stands-alone', '^libs/openflow/', []),
    only('host-stands-alone', '^libs/host/', []),
    only('libvirt-imports-model', '^libs/libvirt/', ['model']),
    only('driver-ovs-imports', '^libs/driver-ovs/', ['model', 'dataplane', 'ovsdb', 'openflow', 'host']),
    only('driver-sim-imports', '^libs/driver-sim/', ['model', 'dataplane']),
    only('manager-imports', '^apps/dvs-manager/', ['model', 'contracts', 'embedded', 'messaging', 'config', 'telemetry', 'libvirt']),
    only('agent-imports', '^apps/host-agent/', ['model', 'contracts', 'dataplane', 'reconciler', 'messaging', 'config', 'telemetry', 'host', 'driver-ovs', 'driver-sim']),
    { name: 'one-file-names-drivers', severity: 'error', from: { path: '^apps/host-agent/', pathNot: 'src/drivers\\.ts$' }, to: { path: '^libs/driver-' } },
    only('dvsctl-imports', '^apps/dvsctl/', ['api-client', 'libvirt', 'model']),
    { name: 'libs-never-import-apps', severity: 'error', from: { path: '^libs/', pathNot: '^libs/testing/' }, to: { path: '^(apps|test|deploy)/' } },
    {
      name: 'nest-stays-in-apps',
      severity: 'error',
      from: { path: '^libs/', pathNot: '^libs/(messaging|config|telemetry)/' },
      to: { path: 'node_modules/@nestjs/' },
    },
    { name: 'product-never-imports-tests', severity: 'error', from: { path: '^(libs|apps|deploy)/', pathNot: ['\\.spec\\.ts$', '^libs/testing/'] }, to: { path: '^(test/|libs/testing/)' } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['require', 'import', 'node', 'default', 'types'], mainFields: ['main', 'types'] },
    exclude: { path: '(^dist/|\\.d\\.ts$)' },
  },
};
