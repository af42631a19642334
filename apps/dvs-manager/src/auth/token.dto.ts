import { ReadOnlyField, ReadOnlyTime } from '../fields/read-only-field';
import { NameField } from '../fields/text-fields';
import { PageQuery, SortField } from '../paging/page-query.dto';

export class CreateTokenDto {
  @NameField({
    description: 'Who or what uses the token; unique. History names it as the actor.',
    example: 'ci-pipeline',
  })
  name!: string;
}

export class TokenDto {
  @ReadOnlyField({ type: 'string', format: 'uuid', description: 'Identifies the token; not a secret.' })
  id!: string;

  @ReadOnlyField({ type: 'string', description: 'Who or what uses it.' })
  name!: string;

  @ReadOnlyTime({ description: 'When it was created.' })
  createdAt!: string;

  @ReadOnlyField({
    type: 'string',
    description: 'Name of the token that created it; system:setup for the first.',
  })
  createdBy!: string;
}

export class NewTokenDto extends TokenDto {
  @ReadOnlyField({
    type: 'string',
    description: 'The token itself: send it as "Authorization: Bearer TOKEN". Shown this once.',
  })
  token!: string;
}

export class TokenQuery extends PageQuery {
  @SortField(['name', 'createdAt'], { default: 'createdAt' })
  sort!: string;
}
