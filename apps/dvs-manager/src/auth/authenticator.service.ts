import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ProblemError } from '../problems/problem';
import { FailedAttempts } from './failed-attempts';
import { readToken, sameHash } from './token-secret';
import { TokenEntity } from './token.entity';

/** How long a token that was good is taken for good without asking; another instance's revocation takes effect that much later. */
const TRUST_MS = 5000;
const TRUSTED_MAX = 1000;

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks: the name of the token. Empty on public routes. */
    actor: string;
  }
  interface FastifyContextConfig {
    /** Needs no token. */
    public?: boolean;
  }
}

/** Decides who a request comes from, before its body is read. */
@Injectable()
export class Authenticator {
  private readonly failures = new FailedAttempts();
  private readonly trusted = new Map<string, { id: string; name: string; until: number }>();

  constructor(private readonly em: EntityManager) {}

  /** A fastify onRequest hook for every route; those whose config says `public` pass. */
  readonly hook = async (request: FastifyRequest, _reply: FastifyReply): Promise<void> => {
    request.actor = '';
    if (!request.is404 && request.routeOptions.config.public) return;
    request.actor = await this.authenticate(request.headers.authorization, request.ip);
  };

  /** A revoked token is refused here at once. */
  forget(tokenId: string): void {
    for (const [text, { id }] of this.trusted) if (id === tokenId) this.trusted.delete(text);
  }

  private async authenticate(authorization: string | undefined, address: string): Promise<string> {
    const text = /^Bearer +([^ ]+) *$/i.exec(authorization ?? '')?.[1] ?? null;
    const name = text === null ? null : (this.nameOfTrusted(text) ?? (await this.findName(text)));
    if (name !== null) return name;
    throw this.refusal(text, address);
  }

  private nameOfTrusted(text: string): string | null {
    const known = this.trusted.get(text);
    if (!known || known.until < Date.now()) return null;
    return known.name;
  }

  private async findName(text: string): Promise<string | null> {
    const claim = readToken(text);
    if (!claim) return null;
    const row = await this.em.fork().findOne(TokenEntity, { id: claim.id });
    if (!row || !sameHash(row.secretHash, claim.secretHash)) return null;
    if (this.trusted.size >= TRUSTED_MAX) this.trusted.clear();
    this.trusted.set(text, { id: row.id, name: row.name, until: Date.now() + TRUST_MS });
    return row.name;
  }

  private refusal(text: string | null, address: string): ProblemError {
    if (text === null) {
      return new ProblemError(
        'unauthorized',
        'send "Authorization: Bearer TOKEN"; the first start of the manager printed one',
        {
          headers: { 'www-authenticate': 'Bearer' },
        },
      );
    }
    const waitSeconds = this.failures.count(address);
    if (waitSeconds === null) {
      return new ProblemError('unauthorized', 'the token is not valid, or was revoked', {
        headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
      });
    }
    return new ProblemError(
      'too-many-requests',
      `too many invalid tokens from your address; wait ${waitSeconds} s`,
      {
        headers: { 'retry-after': `${waitSeconds}` },
      },
    );
  }
}
