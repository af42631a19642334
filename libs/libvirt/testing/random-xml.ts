/** Random XML for property tests: elements, attributes in either quotes, odd blanks, references, comments, CDATA. */
import fc from 'fast-check';

const name = fc.constantFrom('a', 'b', 'cell', 'qemu:arg', 'x-y', 'interface', 'mac');
const blanks = fc.constantFrom(' ', '\n', '  ', '\n\t');
const rawText = fc.constantFrom('', 'x', ' y ', '&amp;', '&lt;&#65;', 'é', '"', "'");
const attributeValue = fc.constantFrom('', '1', 'a b', '&amp;', '&quot;&apos;', '/x/y', 'é');
const quote = fc.constantFrom('"', "'");

const attributes = fc
  .uniqueArray(fc.tuple(fc.constantFrom('id', 'type', 'mode', 'xml:lang'), attributeValue, quote, blanks), {
    selector: ([attribute]) => attribute,
    maxLength: 3,
  })
  .map((list) =>
    list.map(([attribute, value, q, blank]) => `${blank}${attribute}=${q}${value}${q}`).join(''),
  );

const { element } = fc.letrec<{ element: string; content: string }>((tie) => ({
  element: fc
    .tuple(name, attributes, fc.option(fc.array(tie('content'), { maxLength: 4 }), { nil: null }))
    .map(([tag, list, inside]) =>
      inside ? `<${tag}${list}>${inside.join('')}</${tag}>` : `<${tag}${list}/>`,
    ),
  content: fc.oneof(
    { maxDepth: 4 },
    rawText,
    rawText,
    fc.constantFrom('<!-- <a/> -->', '\n  '),
    tie('element'),
  ),
}));

/** Well-formed documents. */
export const xmlDocument: fc.Arbitrary<string> = element;
