import { type InferEntity, defineEntity, p } from '@mikro-orm/core';

export const TokenEntity = defineEntity({
  name: 'Token',
  tableName: 'tokens',
  properties: {
    /** Also the public half of the token itself, which is found by it. */
    id: p.uuid().primary(),
    name: p.text(),
    /** SHA-256 of the secret half. The secret has 256 random bits, so a slow hash would add nothing. */
    secretHash: p.blob(),
    createdAt: p.datetime(),
    createdBy: p.text(),
  },
});
export type TokenRow = InferEntity<typeof TokenEntity>;
