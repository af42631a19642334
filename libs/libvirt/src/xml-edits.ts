/**
 * Edits of an XML text by place: what is not edited stays as it is, character for character. Edits are collected against
 * the elements of one reading and carried out together.
 */
import { findAttribute, type XmlElement } from './xml-source';

/** Escapes text for use in an attribute value in either kind of quotes. */
export function escapeAttribute(value: string): string {
  const escapes: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&apos;',
  };
  return value.replace(/[&<>"']/g, (character) => escapes[character] ?? character);
}

interface Splice {
  start: number;
  end: number;
  text: string;
}

export class XmlEdits {
  private readonly splices: Splice[] = [];
  private readonly newline: string;

  constructor(private readonly source: string) {
    this.newline = source.includes('\r\n') ? '\r\n' : '\n';
  }

  /** Sets an attribute in place, or adds it after the others. Writes nothing when it has the value already. */
  setAttribute(element: XmlElement, name: string, value: string): void {
    const present = findAttribute(element, name);
    if (present?.value === value) return;
    if (present) {
      this.splices.push({ start: present.valueStart, end: present.valueEnd, text: escapeAttribute(value) });
      return;
    }
    const last = element.attributes.at(-1);
    const at = last ? last.valueEnd + 1 : element.start + 1 + element.name.length;
    const quote = last?.quote ?? "'";
    this.splices.push({ start: at, end: at, text: ` ${name}=${quote}${escapeAttribute(value)}${quote}` });
  }

  /** Puts `markup` in the place of an element, comments within the element included. */
  replaceElement(element: XmlElement, markup: string): void {
    this.splices.push({ start: element.start, end: element.end, text: markup });
  }

  /** Takes an element out, with its line when it stands alone on it. */
  removeElement(element: XmlElement): void {
    const indent = this.indentOf(element);
    const lineStart = element.start - (indent?.length ?? 0);
    const lineBreak = this.source[lineStart - 2] === '\r' ? 2 : 1;
    this.splices.push({
      start: indent === null ? element.start : lineStart - lineBreak,
      end: element.end,
      text: '',
    });
  }

  /** Adds markup before a sibling, on a line of its own if the sibling starts one. */
  insertBefore(sibling: XmlElement, markup: string): void {
    const indent = this.indentOf(sibling);
    const text =
      indent === null
        ? onOneLine(markup)
        : this.indented(markup, indent).slice(indent.length) + this.newline + indent;
    this.splices.push({ start: sibling.start, end: sibling.start, text });
  }

  /** Adds markup after a sibling, on a line of its own if the sibling starts one. Later calls come later. */
  insertAfter(sibling: XmlElement, markup: string): void {
    const indent = this.indentOf(sibling);
    const text = indent === null ? onOneLine(markup) : this.newline + this.indented(markup, indent);
    this.splices.push({ start: sibling.end, end: sibling.end, text });
  }

  /** Adds markup before everything else in an element, one level deeper than it. At most once for each element. */
  insertFirst(parent: XmlElement, markup: string): void {
    const indent = this.indentOf(parent);
    const inner =
      indent === null ? markup : this.newline + this.indented(markup, indent + this.stepOf(parent));
    const outer = indent === null ? '' : this.newline + indent;
    if (parent.selfClosing) {
      const start = parent.start + this.source.slice(parent.start, parent.end - 2).trimEnd().length;
      this.splices.push({ start, end: parent.end, text: `>${inner}${outer}</${parent.name}>` });
    } else {
      const empty = parent.closeStart === parent.openEnd;
      this.splices.push({ start: parent.openEnd, end: parent.openEnd, text: empty ? inner + outer : inner });
    }
  }

  /** The text with every edit carried out; the very text when there is none. */
  apply(): string {
    const splices = [...this.splices].sort((a, b) => a.start - b.start || a.end - b.end);
    let result = '';
    let copied = 0;
    for (const { start, end, text } of splices) {
      if (start < copied) throw new Error(`edits overlap at offset ${start}`);
      result += this.source.slice(copied, start) + text;
      copied = end;
    }
    return result + this.source.slice(copied);
  }

  /** Blanks before an element that starts its line; null when something else stands before it. */
  private indentOf(element: XmlElement): string | null {
    const lineStart = this.source.lastIndexOf('\n', element.start - 1) + 1;
    const before = this.source.slice(lineStart, element.start);
    return lineStart > 0 && /^[ \t]*$/.test(before) ? before : null;
  }

  private stepOf(parent: XmlElement): string {
    const first = parent.children[0];
    const [outer, inner] = [this.indentOf(parent) ?? '', first ? this.indentOf(first) : null];
    if (inner?.startsWith(outer) && inner.length > outer.length) return inner.slice(outer.length);
    return outer.includes('\t') ? '\t' : '  ';
  }

  private indented(markup: string, indent: string): string {
    return markup
      .split('\n')
      .map((line) => indent + line)
      .join(this.newline);
  }
}

/** Markup of ours has line breaks between elements only. */
function onOneLine(markup: string): string {
  return markup.replace(/\n */g, '');
}
