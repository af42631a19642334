import { XMLParser } from 'fast-xml-parser';
import fc from 'fast-check';
import { findAttribute, findChild, readXml, XmlSyntaxError, type XmlElement } from './xml-source';
import { xmlDocument } from '../testing/random-xml';

describe('readXml', () => {
  it('knows where elements and attribute values stand in the text', () => {
    const xml = `<?xml version='1.0'?>\n<!-- <a/> --><domain type = "kvm">\n <vcpu current='1'>2</vcpu></domain>\n`;
    const domain = readXml(xml);
    const vcpu = findChild(domain, 'vcpu');
    const current = findAttribute(vcpu, 'current');
    expect(xml.slice(domain.start, domain.openEnd)).toBe('<domain type = "kvm">');
    expect(xml.slice(vcpu?.start, vcpu?.end)).toBe("<vcpu current='1'>2</vcpu>");
    expect(xml.slice(current?.valueStart, current?.valueEnd)).toBe('1');
    expect(xml.slice(domain.closeStart, domain.end)).toBe('</domain>');
  });

  it('resolves references and CDATA, and leaves comments out of text', () => {
    const root = readXml(
      '<a b="&lt;&#65;&#x42;&amp;&quot;&apos;&gt;">x<!-- y -->&amp;<![CDATA[<z>&amp;]]></a>',
    );
    expect(findAttribute(root, 'b')?.value).toBe('<AB&"\'>');
    expect(root.text).toBe('x&<z>&amp;');
  });

  it('agrees with an independent parser on random documents', () => {
    const parser = new XMLParser({
      preserveOrder: true,
      ignoreAttributes: false,
      attributeNamePrefix: '',
      trimValues: false,
      parseTagValue: false,
      parseAttributeValue: false,
      htmlEntities: true, // numeric references too
    });
    fc.assert(
      fc.property(xmlDocument, (xml) => {
        expect(summary(readXml(xml))).toEqual(parsedSummary(parser.parse(xml) as Parsed[]));
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['<a>\n<b></a>', 2, '</a> where <b> of line 2 must be closed first'],
    ['<a>\n\n<b>', 3, '<b> is never closed'],
    ['<a x=1/>', 1, 'not in quotes'],
    ['<a\nx="1"\nx="2"/>', 3, 'has the attribute x twice'],
    ['<a x="1"y="2"/>', 1, 'blank is missing before the attribute y'],
    ['<a x/>', 1, 'the attribute x of <a> has no value'],
    ['<a x="<"/>', 1, 'write "&lt;"'],
    ['<a>\n&nbsp;</a>', 2, '"&nbsp;" is no known reference'],
    ['<a>x & y</a>', 1, 'write "&amp;"'],
    ['<a>&#0;</a>', 1, 'no known reference'],
    ['<a>&#x110000;</a>', 1, 'no known reference'],
    ['<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', 1, 'document type declaration is not accepted'],
    ['<a/>\n<b/>', 2, 'one root'],
    ['<a/>text', 1, 'text outside the root element'],
    ['<a><!-- x </a>', 1, 'the comment is never closed'],
    ['<a><![CDATA[ x </a>', 1, 'the CDATA section is never closed'],
    ['<a', 1, '">" is missing'],
    ['<a>< b/></a>', 1, 'a tag name must follow'],
    ['</a>', 1, 'closes nothing'],
    ['', 1, 'the document has no element'],
  ])('refuses %j, saying where and why', (xml, line, reason) => {
    const error = catchError(() => readXml(xml));
    expect(error).toBeInstanceOf(XmlSyntaxError);
    expect((error as XmlSyntaxError).line).toBe(line);
    expect((error as XmlSyntaxError).reason).toContain(reason);
  });

  it('reads a document nested 100,000 deep without running out of stack', () => {
    const depth = 100_000;
    expect(readXml('<a>'.repeat(depth) + '</a>'.repeat(depth)).name).toBe('a');
  });
});

type Summary = { name: string; attributes: Record<string, string>; text: string; children: Summary[] };

function summary({ name, attributes, text, children }: XmlElement): Summary {
  return {
    name,
    attributes: Object.fromEntries(attributes.map((a) => [a.name, a.value])),
    text,
    children: children.map(summary),
  };
}

type Parsed = { ':@'?: Record<string, string>; '#text'?: string } & Record<string, unknown>;

function parsedSummary(nodes: Parsed[]): Summary {
  const [root] = elementsOf(nodes);
  if (!root) throw new Error('no root');
  return root;
}

function elementsOf(nodes: Parsed[]): Summary[] {
  return nodes
    .filter((node) => !('#text' in node))
    .map((node) => {
      const name = Object.keys(node).find((key) => key !== ':@') ?? '';
      const inside = node[name] as Parsed[];
      const text = inside.map((child) => child['#text'] ?? '').join('');
      return { name, attributes: node[':@'] ?? {}, text, children: elementsOf(inside) };
    });
}

function catchError(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
