/** Reads request bodies strictly: what isn't valid UTF-8 is refused rather than replaced, and nesting is bounded. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ProblemError } from '../problems/problem';

export const JSON_DEPTH_MAX = 32;
const CONTENT_TYPES = ['application/json', 'application/merge-patch+json'];

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Takes the place of all of fastify's own body parsers. */
export function registerJsonBodies(fastify: FastifyInstance): void {
  const parseJson = fastify.getDefaultJsonParser('error', 'error'); // refuses __proto__ and constructor.prototype
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(
    CONTENT_TYPES,
    { parseAs: 'buffer' },
    (request: FastifyRequest, body: Buffer, done) => {
      try {
        const text = decode(body);
        if (text === '') return done(null, undefined);
        checkDepth(text);
        return parseJson(request, text, (error, value) => done(error && unreadable(error), value));
      } catch (error) {
        return done(error as Error);
      }
    },
  );
}

function decode(body: Buffer): string {
  try {
    return utf8.decode(body);
  } catch (error) {
    throw new ProblemError(
      'malformed-request',
      `the body is not valid UTF-8 (${(error as Error).message}); send JSON in UTF-8`,
    );
  }
}

function unreadable(error: Error): ProblemError {
  const forbidden = /forbidden prototype/i.test(error.message);
  return new ProblemError(
    'malformed-request',
    forbidden
      ? 'the body has a key such as __proto__ or constructor, which is not accepted'
      : 'the body is not valid JSON',
  );
}

/**
 * Counts brackets outside of strings before anything is built from the text.
 * @throws ProblemError when it is nested more deeply than {@link JSON_DEPTH_MAX}
 */
export function checkDepth(text: string): void {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i += 1) {
    const char = text[i];
    if (inString) {
      if (char === '\\') i += 1;
      else if (char === '"') inString = false;
    } else if (char === '"') {
      inString = true;
    } else if (char === '{' || char === '[') {
      depth += 1;
      if (depth > JSON_DEPTH_MAX) {
        throw new ProblemError(
          'malformed-request',
          `the body is nested more than ${JSON_DEPTH_MAX} levels deep`,
        );
      }
    } else if (char === '}' || char === ']') {
      depth -= 1;
    }
  }
}
