/**
 * Reading XML without letting go of its source: every element and attribute knows where it stands in the text, so that an
 * edit replaces those characters and no others. A parse-and-print round trip would lose quoting, blanks, entities and
 * the order of what it doesn't model; libvirt domains carry all of these, and they belong to their owner.
 *
 * Checks what the structure depends on (tags match, attributes are quoted and unique, references are known). It does
 * not judge names and values: that is libvirt's.
 */

export interface XmlAttribute {
  name: string;
  /** With references resolved. */
  value: string;
  /** Of the characters between the quotes. */
  valueStart: number;
  valueEnd: number;
  quote: string;
}

/** Offsets are into the source, in UTF-16 units, end exclusive. */
export interface XmlElement {
  name: string;
  attributes: XmlAttribute[];
  children: XmlElement[];
  /** Character data directly in it, with references and CDATA resolved, without comments. */
  text: string;
  start: number;
  /** After the `>` of its start tag. */
  openEnd: number;
  /** At the `<` of its end tag; `openEnd` for an empty-element tag (`<a/>`). */
  closeStart: number;
  end: number;
  selfClosing: boolean;
}

export class XmlSyntaxError extends Error {
  override readonly name = 'XmlSyntaxError';

  constructor(
    readonly line: number,
    readonly reason: string,
  ) {
    super(`line ${line}: ${reason}`);
  }
}

/** Line of an offset, the first being 1. */
export function lineAt(source: string, offset: number): number {
  let line = 1;
  for (let at = source.indexOf('\n'); at !== -1 && at < offset; at = source.indexOf('\n', at + 1)) line += 1;
  return line;
}

export function findChild(element: XmlElement, name: string): XmlElement | undefined {
  return element.children.find((child) => child.name === name);
}

export function findChildren(element: XmlElement, name: string): XmlElement[] {
  return element.children.filter((child) => child.name === name);
}

export function findAttribute(element: XmlElement | undefined, name: string): XmlAttribute | undefined {
  return element?.attributes.find((attribute) => attribute.name === name);
}

/** The root element of a document. @throws XmlSyntaxError with the line and what was expected there. */
export function readXml(source: string): XmlElement {
  return new XmlReader(source).read();
}

const NAME = /[A-Za-z_:\u0080-\uffff][\w:.\-\u0080-\uffff]*/y;
const BLANKS = /[ \t\r\n]*/y;
const REFERENCE = /&([^;\s&<]*);?/g;
const PREDEFINED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

class XmlReader {
  private at = 0;
  /** Elements that are open, outermost first. */
  private readonly open: XmlElement[] = [];
  private root: XmlElement | undefined;

  constructor(private readonly source: string) {}

  read(): XmlElement {
    if (this.source.startsWith('\ufeff')) this.at = 1;
    while (this.at < this.source.length) this.readNext();
    const unclosed = this.open.at(-1);
    if (unclosed) throw this.error(unclosed.start, `<${unclosed.name}> is never closed`);
    if (!this.root) throw this.error(0, 'the document has no element');
    return this.root;
  }

  private readNext(): void {
    const { source, at } = this;
    if (source[at] !== '<') this.readText();
    else if (source.startsWith('<!--', at)) this.skipPast('-->', 4, 'comment');
    else if (source.startsWith('<![CDATA[', at)) this.readCdata();
    else if (source.startsWith('<?', at)) this.skipPast('?>', 2, 'processing instruction');
    else if (source.startsWith('<!', at)) {
      throw this.error(at, 'a document type declaration is not accepted; remove it, libvirt needs none');
    } else if (source[at + 1] === '/') this.readEndTag();
    else this.readStartTag();
  }

  private readText(): void {
    const start = this.at;
    const next = this.source.indexOf('<', start);
    this.at = next === -1 ? this.source.length : next;
    const text = this.source.slice(start, this.at);
    const parent = this.open.at(-1);
    if (parent) parent.text += this.resolve(text, start);
    else if (/[^ \t\r\n]/.test(text))
      throw this.error(start + text.search(/\S/), 'text outside the root element');
  }

  private readCdata(): void {
    const start = this.at + '<![CDATA['.length;
    this.skipPast(']]>', '<![CDATA['.length, 'CDATA section');
    const parent = this.open.at(-1);
    if (!parent) throw this.error(start, 'text outside the root element');
    parent.text += this.source.slice(start, this.at - 3);
  }

  private skipPast(terminator: string, from: number, what: string): void {
    const end = this.source.indexOf(terminator, this.at + from);
    if (end === -1) throw this.error(this.at, `the ${what} is never closed; "${terminator}" is missing`);
    this.at = end + terminator.length;
  }

  private readStartTag(): void {
    const start = this.at;
    this.at += 1;
    const name = this.take(NAME);
    if (!name) throw this.error(start, 'a tag name must follow "<"; write "&lt;" for the character itself');
    const attributes = this.readAttributes(name);
    const selfClosing = this.source[this.at] === '/';
    if (selfClosing) this.at += 1;
    if (this.source[this.at] !== '>')
      throw this.error(this.at, `the tag <${name}> is not closed; ">" is missing`);
    this.at += 1;
    const end = this.at;
    const element: XmlElement = {
      name,
      attributes,
      children: [],
      text: '',
      start,
      openEnd: end,
      closeStart: end,
      end,
      selfClosing,
    };
    this.attach(element);
    if (!selfClosing) this.open.push(element);
  }

  private attach(element: XmlElement): void {
    const parent = this.open.at(-1);
    if (parent) parent.children.push(element);
    else if (this.root)
      throw this.error(element.start, `<${element.name}> follows the root element; a document has one root`);
    else this.root = element;
  }

  private readAttributes(tag: string): XmlAttribute[] {
    const attributes: XmlAttribute[] = [];
    for (;;) {
      const blanks = this.take(BLANKS);
      const start = this.at;
      const name = this.take(NAME);
      if (!name) return attributes;
      if (!blanks) throw this.error(start, `a blank is missing before the attribute ${name} of <${tag}>`);
      if (attributes.some((other) => other.name === name)) {
        throw this.error(start, `<${tag}> has the attribute ${name} twice`);
      }
      attributes.push(this.readAttributeValue(tag, name));
    }
  }

  private readAttributeValue(tag: string, name: string): XmlAttribute {
    this.take(BLANKS);
    if (this.source[this.at] !== '=')
      throw this.error(this.at, `the attribute ${name} of <${tag}> has no value`);
    this.at += 1;
    this.take(BLANKS);
    const quote = this.source[this.at] ?? '';
    const valueStart = this.at + 1;
    const valueEnd = quote === '"' || quote === "'" ? this.source.indexOf(quote, valueStart) : -1;
    if (valueEnd === -1)
      throw this.error(this.at, `the value of the attribute ${name} of <${tag}> is not in quotes`);
    const raw = this.source.slice(valueStart, valueEnd);
    if (raw.includes('<'))
      throw this.error(valueStart, `"<" in the attribute ${name} of <${tag}>; write "&lt;"`);
    this.at = valueEnd + 1;
    return {
      name,
      value: this.resolve(raw.replace(/[\t\r\n]/g, ' '), valueStart),
      valueStart,
      valueEnd,
      quote,
    };
  }

  private readEndTag(): void {
    const start = this.at;
    this.at += 2;
    const name = this.take(NAME);
    this.take(BLANKS);
    const element = this.open.pop();
    if (!element) throw this.error(start, `</${name}> closes nothing`);
    if (element.name !== name) {
      const opened = `<${element.name}> of line ${lineAt(this.source, element.start)}`;
      throw this.error(start, `</${name}> where ${opened} must be closed first`);
    }
    if (this.source[this.at] !== '>')
      throw this.error(start, `the tag </${name}> is not closed; ">" is missing`);
    this.at += 1;
    element.closeStart = start;
    element.end = this.at;
  }

  /** What `pattern` (sticky) matches here, stepping over it; '' when it doesn't. */
  private take(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.source)?.[0] ?? '';
    this.at += match.length;
    return match;
  }

  private resolve(raw: string, offset: number): string {
    return raw.replace(REFERENCE, (whole, name: string, index: number) => {
      const resolved = whole.endsWith(';') ? resolveReference(name) : undefined;
      if (resolved === undefined)
        throw this.error(offset + index, `"${whole}" is no known reference; write "&amp;" for "&"`);
      return resolved;
    });
  }

  private error(offset: number, message: string): XmlSyntaxError {
    return new XmlSyntaxError(lineAt(this.source, offset), message);
  }
}

function resolveReference(name: string): string | undefined {
  if (!name.startsWith('#')) return Object.hasOwn(PREDEFINED, name) ? PREDEFINED[name] : undefined;
  const match = /^#(?:x([0-9A-Fa-f]{1,6})|([0-9]{1,7}))$/.exec(name);
  const code = match ? parseInt(match[1] ?? match[2] ?? '', match[1] ? 16 : 10) : 0;
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
}
