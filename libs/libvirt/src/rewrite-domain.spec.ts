import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { XMLParser } from 'fast-xml-parser';
import fc from 'fast-check';
import { FakePorts } from '../testing/fake-ports';
import { DomainXmlError, rewriteDomain } from './index';
import { findAttribute, findChild, findChildren, readXml, type XmlElement } from './xml-source';

const folder = join(__dirname, '../testing/domains');
const read = (name: string) => readFileSync(join(folder, name), 'utf8');
const corpus = readdirSync(folder).map((name): [string, string] => [name, read(name)]);

const domain = (inside: {
  memory?: string;
  cpu?: string;
  vcpu?: string;
  interfaces?: string;
  type?: string;
}) =>
  [
    `<domain type='${inside.type ?? 'kvm'}'>`,
    '  <name>vm</name>',
    '  <memory>1048576</memory>',
    ...(inside.memory ? [inside.memory] : []),
    inside.vcpu ?? '  <vcpu>4</vcpu>',
    ...(inside.cpu ? [inside.cpu] : []),
    '  <devices>',
    inside.interfaces ??
      "    <interface type='network'>\n      <source network='prod' portgroup='web'/>\n    </interface>",
    '  </devices>',
    '</domain>',
  ].join('\n');
const nic = (children: string) =>
  `<interface type='network'><source network='prod' portgroup='web'/>${children}</interface>`;
const rewrite = async (xml: string, ports = new FakePorts()) => (await rewriteDomain(xml, ports)).xml;

describe('rewriteDomain over a corpus of domains', () => {
  it.each(corpus)('changes in %s only what it owns, as an independent reader sees it', async (_name, xml) => {
    expect(withoutOwned(await rewrite(xml))).toEqual(withoutOwned(xml));
  });

  it.each(corpus)(
    'keeps every comment, CDATA section, reference and processing instruction of %s',
    async (_name, xml) => {
      const kept = (text: string) => text.match(/<!--[^]*?-->|<!\[CDATA\[[^]*?\]\]>|<\?[^]*?\?>|&[^;]*;/g);
      expect(kept(await rewrite(xml))).toEqual(kept(xml));
    },
  );

  it.each(corpus)('does nothing to %s the second time', async (_name, xml) => {
    const once = await rewrite(xml);
    const again = new FakePorts();
    expect(await rewriteDomain(once, again)).toEqual({ xml: once, rewritten: 0, notes: [] });
    expect(again.resolved).toEqual([]);
  });

  it.each(corpus)(
    'shares all memory of %s and leaves no network interface of the switch',
    async (_name, xml) => {
      const root = readXml(await rewrite(xml));
      const backing = findChild(root, 'memoryBacking');
      expect(findAttribute(backing && findChild(backing, 'access'), 'mode')?.value).toBe('shared');
      expect(cellsOf(root).map((cell) => findAttribute(cell, 'memAccess')?.value)).toEqual(
        cellsOf(root).map(() => 'shared'),
      );
      expect(interfacesOf(root).filter(isOfSwitch)).toEqual([]);
    },
  );

  it.each(corpus)('does the same to %s with the line ends of other systems', async (_name, xml) => {
    const crlf = (text: string) => text.replaceAll('\n', '\r\n');
    expect(await rewrite(crlf(xml))).toBe(crlf(await rewrite(xml)));
  });
});

describe('rewriteDomain', () => {
  it('makes the smallest domain of the documentation a complete one', async () => {
    expect(await rewrite(read('minimal.xml'))).toMatchInlineSnapshot(`
"<domain type='kvm'>
  <name>web-1</name>
  <memory unit='GiB'>2</memory>
  <memoryBacking>
    <hugepages/>
    <access mode='shared'/>
  </memoryBacking>
  <vcpu>2</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
  </os>
  <devices>
    <interface type='vhostuser'>
      <mac address='52:54:00:ff:00:00'/>
      <source type='unix' path='/run/opendvs/vhost/dv000000000000.sock' mode='server'/>
      <target dev='dv000000000000'/>
      <model type='virtio'/>
      <driver rx_queue_size='256' tx_queue_size='256'/>
    </interface>
  </devices>
</domain>
"
`);
  });

  it('tells the resolver what the domain asks for', async () => {
    const ports = new FakePorts();
    await rewriteDomain(read('mixed-networks.xml'), ports);
    expect(ports.resolved).toEqual([
      {
        nicIndex: 2,
        line: 26,
        network: 'prod',
        portgroup: 'web',
        macAddress: '52:54:00:00:01:02',
        queues: null,
      },
      {
        nicIndex: 4,
        line: 37,
        network: 'prod',
        portgroup: 'db',
        macAddress: '52:54:00:00:01:04',
        queues: null,
      },
    ]);
  });

  it('returns a domain without a port of a switch character for character', async () => {
    const xml = domain({ interfaces: "<interface type='network'><source network='default'/></interface>" });
    expect(await rewriteDomain(xml, new FakePorts())).toEqual({ xml, rewritten: 0, notes: [] });
  });

  it('uses no more queues than the domain has vCPUs, hot-pluggable ones included, and says so', async () => {
    const numa = await rewriteDomain(read('numa-hugepages.xml'), new FakePorts());
    expect(numa.xml).toContain("<driver queues='4' rx_queue_size='256' tx_queue_size='256'/>");
    expect(numa.notes).toContainEqual({
      line: 39,
      message: "4 of the port's 8 queues are used: the domain has 4 vCPUs",
    });
    const hotplug = await rewrite(
      domain({ vcpu: "<vcpu current='1'>2</vcpu>" }),
      new FakePorts({ queues: 8 }),
    );
    expect(hotplug).toContain("queues='2'");
    expect(await rewrite(domain({ vcpu: '<!-- none -->' }), new FakePorts({ queues: 8 }))).not.toContain(
      'queues=',
    );
  });

  it('drops <mtu>, with which libvirt would not start the guest, and says what to do instead', async () => {
    const { xml, notes } = await rewriteDomain(read('numa-hugepages.xml'), new FakePorts());
    expect(xml).not.toContain('<mtu');
    expect(notes.filter(({ message }) => message.includes('dropped <mtu>')).map(({ line }) => line)).toEqual([
      44, 50,
    ]);
    const jumbo = await rewriteDomain(domain({}), new FakePorts({ mtuBytes: 9000 }));
    expect(jumbo.notes).toEqual([
      { line: 6, message: expect.stringContaining('set this MTU inside the guest') as string },
    ]);
  });

  it('drops what belongs to other kinds of interface, with a note each', async () => {
    const { xml, notes } = await rewriteDomain(read('running.xml'), new FakePorts());
    for (const gone of ['virtualport', 'coalesce', 'tune', 'portid', 'vnet3'])
      expect(xml).not.toContain(gone);
    expect(xml).toContain("<target dev='dv000000000000'/>");
    expect(notes.map(({ line }) => line)).toEqual([18, 23, 28]);
  });

  it('checks the whole domain before it asks for a port, and names every line to change', async () => {
    const ports = new FakePorts();
    const xml = domain({
      interfaces: [
        nic("\n<vlan><tag id='5'/></vlan>"),
        nic("\n<filterref filter='clean-traffic'/>\n<model type='e1000'/>"),
        nic("\n<bandwidth><inbound average='1'/></bandwidth>\n<port isolated='yes'/>"),
      ].join('\n'),
    });
    const error = await rewriteDomain(xml, ports).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DomainXmlError);
    expect((error as DomainXmlError).problems).toEqual([
      { line: 7, message: 'libvirt refuses <vlan> on vhost-user; remove it, the port group sets the VLAN' },
      { line: 9, message: expect.stringContaining('ignores <filterref>') as string },
      { line: 10, message: expect.stringContaining('not model "e1000"') as string },
      { line: 12, message: expect.stringContaining('ignores <bandwidth>') as string },
      { line: 13, message: expect.stringContaining("<port isolated='yes'/>") as string },
    ]);
    expect(ports.resolved).toEqual([]);
  });

  it.each([
    ['<network/>', 1, '<network> where <domain> was expected'],
    [domain({ type: 'xen' }), 1, 'a domain of type "xen": vhost-user needs QEMU'],
    ["<domain type='kvm'>\n</domain>", 1, 'no <name>'],
    [domain({ vcpu: '  <vcpu>many</vcpu>' }), 4, '<vcpu> holds "many"'],
    ["<domain type='kvm'>\n<name>x</nam></domain>", 2, '</nam> where <name> of line 2 must be closed first'],
    ["<?xml version='1.0' encoding='ISO-8859-1'?><domain/>", 1, 'convert the file to UTF-8'],
    ['', 1, 'the document has no element'],
  ])('refuses %j with the line and the reason', async (xml, line, reason) => {
    const error = await rewriteDomain(xml, new FakePorts()).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DomainXmlError);
    expect((error as DomainXmlError).problems).toEqual([
      { line, message: expect.stringContaining(reason) as string },
    ]);
  });

  it('refuses a port that QEMU could not open, before writing anything', async () => {
    await expect(rewrite(domain({}), new FakePorts({ ringSize: 4096 }))).rejects.toThrow(
      "change the port's ringSize",
    );
  });
});

describe('memory of a rewritten domain', () => {
  const memoryOf = async (memory: string, cpu?: string) => {
    const result = await rewriteDomain(domain({ memory, cpu }), new FakePorts());
    return {
      backing: /<memoryBacking.*<\/memoryBacking>/s.exec(result.xml)?.[0].replace(/>\s+</g, '><'),
      ...result,
    };
  };

  it.each([
    ['  <memoryBacking/>', "<memoryBacking><hugepages/><access mode='shared'/></memoryBacking>"],
    [
      '  <memoryBacking><locked/></memoryBacking>',
      "<memoryBacking><hugepages/><access mode='shared'/><locked/></memoryBacking>",
    ],
    [
      "  <memoryBacking><hugepages><page size='1' unit='G'/></hugepages></memoryBacking>",
      "<memoryBacking><access mode='shared'/><hugepages><page size='1' unit='G'/></hugepages></memoryBacking>",
    ],
    [
      "  <memoryBacking><source type='memfd'/></memoryBacking>",
      "<memoryBacking><access mode='shared'/><source type='memfd'/></memoryBacking>",
    ],
    [
      "  <memoryBacking><access mode='private'/></memoryBacking>",
      "<memoryBacking><hugepages/><access mode='shared'/></memoryBacking>",
    ],
    [
      "  <memoryBacking><access mode='shared'/></memoryBacking>",
      "<memoryBacking><access mode='shared'/></memoryBacking>",
    ],
  ])('turns %j into shared memory without replacing what its owner chose', async (given, expected) => {
    expect((await memoryOf(given)).backing).toBe(expected);
  });

  it('says when the memory stays off hugepages', async () => {
    const { notes } = await memoryOf("  <memoryBacking><source type='memfd'/></memoryBacking>");
    expect(notes).toEqual([{ line: 4, message: expect.stringContaining('not on hugepages') as string }]);
  });

  it('shares every NUMA cell, also those that were private, and invents none', async () => {
    const { xml, notes } = await memoryOf(
      '',
      "  <cpu>\n    <numa>\n      <cell id='0' memory='1'/>\n      <cell id='1' memory='1' memAccess='private'/>\n    </numa>\n  </cpu>",
    );
    expect(xml).toContain("<cell id='0' memory='1' memAccess='shared'/>");
    expect(xml).toContain("<cell id='1' memory='1' memAccess='shared'/>");
    expect(notes).toEqual([
      { line: 8, message: 'memAccess of the NUMA cell changed from private to shared' },
    ]);
    expect((await memoryOf('', "  <cpu mode='host-model'/>")).xml).not.toContain('<numa>');
  });

  it('shares private memory devices except NVDIMMs, whose privacy protects a file', async () => {
    const { xml } = await rewriteDomain(read('memory-devices.xml'), new FakePorts());
    expect(xml).toContain("<memory model='dimm' access='shared'>");
    expect(xml).toContain("<memory model='nvdimm' access='private'>");
  });
});

describe('rewriteDomain over interfaces written in every way', () => {
  const blank = fc.constantFrom('', ' ', '\n      ', '\n\t');
  const child = fc.constantFrom(
    "<mac address='52:54:00:00:00:09'/>",
    '<mac address="52:54:00:AB:CD:EF" type="static"/>',
    "<model type='virtio'/>",
    '<model type="virtio-transitional"/>',
    "<driver name='qemu' queues='4' txmode='iothread'/>",
    "<driver iommu='on'><host csum='off'/></driver>",
    "<target dev='vnet9'/>",
    "<mtu size='1280'/>",
    "<boot order='2'/>",
    "<link state='down'/>",
    "<alias name='ua-x'/>",
    '<!-- <vlan/> -->',
    "<unknown x='&amp;'>text<![CDATA[<more>]]></unknown>",
    "<address type='pci' bus='0x01'/>",
  );
  const children = fc.uniqueArray(child, {
    selector: (markup) => /^<!?[\w-]+/.exec(markup)?.[0] ?? markup,
    maxLength: 8,
  });
  const source = fc.constantFrom(
    "<source network='prod' portgroup='web'/>",
    '<source portgroup = "web"\n network="&#112;rod"></source>',
  );
  const interfaceXml = fc
    .tuple(children, source, fc.nat(8), fc.array(blank, { minLength: 10, maxLength: 10 }))
    .map(([list, src, place, blanks]) => {
      const all: string[] = [...list];
      all.splice(Math.min(place, all.length), 0, src);
      return `<interface type='network'>${all.map((markup, i) => `${blanks[i] ?? ''}${markup}`).join('')}${blanks[9] ?? ''}</interface>`;
    });

  it('gives a port with the right facts, keeps the rest, and is done after once', async () => {
    await fc.assert(
      fc.asyncProperty(interfaceXml, async (interfaces) => {
        const xml = domain({ interfaces });
        const once = await rewrite(xml);
        const element = interfacesOf(readXml(once))[0];
        const value = (name: string, attribute: string) =>
          findAttribute(element && findChild(element, name), attribute)?.value;
        expect(findAttribute(element, 'type')?.value).toBe('vhostuser');
        expect(value('source', 'path')).toBe('/run/opendvs/vhost/dv000000000000.sock');
        expect(value('source', 'mode')).toBe('server');
        expect(value('source', 'network')).toBeUndefined();
        expect(value('model', 'type')).toMatch(/^virtio/);
        expect(value('driver', 'rx_queue_size')).toBe('256');
        for (const name of ['mac', 'source', 'target', 'model', 'driver'])
          expect(countOf(element, name)).toBe(1);
        expect(countOf(element, 'mtu')).toBe(0);
        expect(withoutOwned(once)).toEqual(withoutOwned(xml));
        expect(await rewrite(once)).toBe(once);
      }),
    );
  });
});

const interfacesOf = (root: XmlElement) =>
  findChildren(root, 'devices').flatMap((devices) => findChildren(devices, 'interface'));
const countOf = (element: XmlElement | undefined, name: string) =>
  element ? findChildren(element, name).length : 0;
const isOfSwitch = (element: XmlElement) =>
  findAttribute(findChild(element, 'source'), 'network')?.value === 'prod';
const cellsOf = (root: XmlElement) =>
  findChildren(root, 'cpu')
    .flatMap((cpu) => findChildren(cpu, 'numa'))
    .flatMap((numa) => findChildren(numa, 'cell'));

type Parsed = { ':@'?: Record<string, string> } & Record<string, unknown>;

/** What an independent parser reads, less what a rewriting may set; blanks between elements aside. */
function withoutOwned(xml: string): unknown {
  const parser = new XMLParser({
    preserveOrder: true,
    ignoreAttributes: false,
    commentPropName: '#comment',
    cdataPropName: '#cdata',
    trimValues: true,
  });
  return strip(parser.parse(xml) as Parsed[], []);
}

const OWNED_ELEMENTS = [
  'memoryBacking/hugepages',
  'memoryBacking/access',
  'interface/source',
  'interface/target',
  'interface/virtualport',
];
const OWNED_IF_SET = [
  'interface/coalesce',
  'interface/tune',
  'interface/mtu',
  'interface/mac',
  'interface/model',
];
const OWNED_ATTRIBUTES: Record<string, string[]> = {
  interface: ['@_type'],
  driver: ['@_queues', '@_rx_queue_size', '@_tx_queue_size'],
  cell: ['@_memAccess'],
  memory: ['@_access'],
};

function strip(nodes: Parsed[], path: string[]): unknown[] {
  return nodes.flatMap((node) => {
    const name = Object.keys(node).find((key) => key !== ':@') ?? '';
    const inside = node[name];
    const place = [...path, name].slice(-2).join('/');
    const foreign = path.some((ancestor) => ancestor === 'metadata' || ancestor.includes(':'));
    const ours = !foreign && (OWNED_ELEMENTS.includes(place) || OWNED_IF_SET.includes(place));
    const empty = Array.isArray(inside) && inside.length === 0;
    if (ours || (name === '#text' && inside === '')) return [];
    const attributes = Object.entries(node[':@'] ?? {}).filter(
      ([key]) => !(OWNED_ATTRIBUTES[name] ?? []).includes(key),
    );
    const children = Array.isArray(inside) ? strip(inside as Parsed[], [...path, name]) : inside;
    const bare = attributes.length === 0 && (empty || (Array.isArray(children) && children.length === 0));
    if (bare && ['memoryBacking', 'driver'].includes(name)) return [];
    return [{ name, attributes, children }];
  });
}
