/** What a person must change in a domain before it can be rewritten, each with its line; and what was changed for them. */

export interface DomainRemark {
  /** Line of the document, the first being 1. */
  line: number;
  message: string;
}

/** All that stands in the way, not only the first of it. */
export class DomainXmlError extends Error {
  override readonly name = 'DomainXmlError';

  constructor(readonly problems: readonly DomainRemark[]) {
    super(problems.map(({ line, message }) => `line ${line}: ${message}`).join('\n'));
  }
}
