import fc from 'fast-check';
import { xmlDocument } from '../testing/random-xml';
import { escapeAttribute, XmlEdits } from './xml-edits';
import { findAttribute, findChild, readXml, type XmlElement } from './xml-source';

/** Reads, lets `edit` collect edits, and returns the edited text. */
function edited(xml: string, edit: (edits: XmlEdits, root: XmlElement) => void): string {
  const edits = new XmlEdits(xml);
  edit(edits, readXml(xml));
  return edits.apply();
}

const child = (element: XmlElement, name: string): XmlElement => {
  const found = findChild(element, name);
  if (!found) throw new Error(`no <${name}>`);
  return found;
};

describe('XmlEdits', () => {
  it('leaves a text without edits as it is, whatever it is', () => {
    fc.assert(fc.property(xmlDocument, (xml) => expect(edited(xml, () => {})).toBe(xml)));
  });

  it('changes an attribute value between its quotes and nothing else', () => {
    const xml = '<a><b  x = "1"\n y=\'2\' /></a>';
    expect(edited(xml, (edits, root) => edits.setAttribute(child(root, 'b'), 'x', "it's"))).toBe(
      '<a><b  x = "it&apos;s"\n y=\'2\' /></a>',
    );
  });

  it('writes nothing for an attribute that has the value, however it is written', () => {
    const xml = '<a x="&#49;"/>';
    expect(edited(xml, (edits, root) => edits.setAttribute(root, 'x', '1'))).toBe(xml);
  });

  it('adds an attribute after the others in their quotes', () => {
    expect(edited('<a x="1" />', (edits, root) => edits.setAttribute(root, 'y', '2'))).toBe(
      '<a x="1" y="2" />',
    );
    expect(edited('<a/>', (edits, root) => edits.setAttribute(root, 'y', '2'))).toBe("<a y='2'/>");
  });

  it('sets any value of any attribute so that it reads back, and touches no other', () => {
    fc.assert(
      fc.property(xmlDocument, fc.string().filter(isXmlText), (xml, value) => {
        const before = readXml(xml);
        const after = readXml(edited(xml, (edits, root) => edits.setAttribute(root, 'mode', value)));
        expect(findAttribute(after, 'mode')?.value).toBe(value);
        const others = (root: XmlElement) =>
          root.attributes.filter((a) => a.name !== 'mode').map((a) => [a.name, a.value]);
        expect(others(after)).toEqual(others(before));
        expect(after.text).toBe(before.text);
      }),
    );
  });

  it('inserts after a sibling on a line of its own, at its depth and in the order of the calls', () => {
    const xml = '<a>\n\t<b/>\n</a>\n';
    const result = edited(xml, (edits, root) => {
      edits.insertAfter(child(root, 'b'), '<c>\n  <d/>\n</c>');
      edits.insertAfter(child(root, 'b'), '<e/>');
    });
    expect(result).toBe('<a>\n\t<b/>\n\t<c>\n\t  <d/>\n\t</c>\n\t<e/>\n</a>\n');
  });

  it('inserts before a sibling, on a line of its own or within the line', () => {
    const before = (edits: XmlEdits, root: XmlElement) =>
      edits.insertBefore(child(root, 'b'), '<c>\n  <d/>\n</c>');
    expect(edited('<a>\n <b/>\n</a>', before)).toBe('<a>\n <c>\n   <d/>\n </c>\n <b/>\n</a>');
    expect(edited('<a><b/></a>', before)).toBe('<a><c><d/></c><b/></a>');
  });

  it('keeps the line ends of the document', () => {
    const xml = '<a>\r\n  <b/>\r\n</a>\r\n';
    expect(edited(xml, (edits, root) => edits.insertAfter(child(root, 'b'), '<c/>'))).toBe(
      '<a>\r\n  <b/>\r\n  <c/>\r\n</a>\r\n',
    );
    expect(edited(xml, (edits, root) => edits.removeElement(child(root, 'b')))).toBe('<a>\r\n</a>\r\n');
  });

  it('inserts into one line without adding blanks', () => {
    expect(edited('<a><b/></a>', (edits, root) => edits.insertAfter(child(root, 'b'), '<c/>'))).toBe(
      '<a><b/><c/></a>',
    );
  });

  it.each([
    ['<a>\n  <b/>\n</a>', '<a>\n  <b>\n    <c/>\n  </b>\n</a>'],
    ['<a>\n  <b x="1" />\n</a>', '<a>\n  <b x="1">\n    <c/>\n  </b>\n</a>'],
    ['<a>\n  <b></b>\n</a>', '<a>\n  <b>\n    <c/>\n  </b>\n</a>'],
    ['<a>\n\t<b/>\n</a>', '<a>\n\t<b>\n\t\t<c/>\n\t</b>\n</a>'],
    ['<a>\n <b>\n  <d/>\n </b>\n</a>', '<a>\n <b>\n  <c/>\n  <d/>\n </b>\n</a>'],
    ['<a><b/></a>', '<a><b><c/></b></a>'],
  ])('inserts first into the <b> of %j', (xml, expected) => {
    expect(edited(xml, (edits, root) => edits.insertFirst(child(root, 'b'), '<c/>'))).toBe(expected);
  });

  it('unfolds an empty-element tag and sets its attribute at once', () => {
    const result = edited('<a>\n  <b/>\n</a>', (edits, root) => {
      edits.insertFirst(child(root, 'b'), '<c/>');
      edits.setAttribute(child(root, 'b'), 'x', '1');
    });
    expect(result).toBe("<a>\n  <b x='1'>\n    <c/>\n  </b>\n</a>");
  });

  it('removes an element with its line, or alone where it shares the line', () => {
    expect(edited('<a>\n  <b/>\n  <c/>\n</a>', (edits, root) => edits.removeElement(child(root, 'b')))).toBe(
      '<a>\n  <c/>\n</a>',
    );
    expect(edited('<a>x<b/>y</a>', (edits, root) => edits.removeElement(child(root, 'b')))).toBe('<a>xy</a>');
  });

  it('refuses edits that overlap, rather than garble the text', () => {
    expect(() =>
      edited('<a><b><c/></b></a>', (edits, root) => {
        edits.replaceElement(child(root, 'b'), '<d/>');
        edits.removeElement(child(child(root, 'b'), 'c'));
      }),
    ).toThrow('edits overlap');
  });
});

describe('escapeAttribute', () => {
  it('gives a value that reads back in either quotes', () => {
    fc.assert(
      fc.property(fc.string().filter(isXmlText), (value) => {
        for (const quote of ['"', "'"]) {
          expect(findAttribute(readXml(`<a x=${quote}${escapeAttribute(value)}${quote}/>`), 'x')?.value).toBe(
            value,
          );
        }
      }),
    );
  });
});

/** Attribute values can't carry control characters; readers turn line ends and tabs into blanks. */
function isXmlText(value: string): boolean {
  return !/[\u0000-\u001f]/.test(value);
}
