import { ReadOnlyCount, ReadOnlyField, ReadOnlyTime } from '../fields/read-only-field';
import { IntegerField } from '../fields/number-fields';
import { ChoiceField, IdField, TextField } from '../fields/text-fields';
import { PageQuery, SortField } from '../paging/page-query.dto';
import { CHANGE_ACTIONS, CHANGE_KINDS, type ChangeAction, type ChangeKind } from './change.entity';

/** A change as history has it. */
export class ChangeDto {
  @ReadOnlyCount({ description: 'Number of the change; changes were committed in this order.' })
  revision!: number;

  @ReadOnlyTime({ description: 'When it was committed.' })
  at!: string;

  @ReadOnlyField({
    type: 'string',
    description: 'Who made it: the name of a token, or system:… for the manager itself.',
  })
  actor!: string;

  @ReadOnlyField({
    type: 'string',
    enum: CHANGE_ACTIONS,
    description:
      'What was done. adopt: taken back from the bus, after a restore of an older dump of the database.',
  })
  action!: ChangeAction;

  @ReadOnlyField({ type: 'string', enum: CHANGE_KINDS, description: 'Kind of the object.' })
  kind!: ChangeKind;

  @ReadOnlyField({
    type: 'string',
    format: 'uuid',
    description: "Id of the object; of a membership, its host's.",
  })
  objectId!: string;

  @ReadOnlyField({ type: 'string', description: 'Name that the object had then.' })
  objectName!: string;

  @ReadOnlyField({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    description: 'The object before; null for a new one.',
  })
  before!: object | null;

  @ReadOnlyField({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    description: 'The object afterwards; null when it was deleted.',
  })
  after!: object | null;
}

export class ChangeQuery extends PageQuery {
  @IdField({ description: 'Changes of this object.', default: null })
  objectId!: string | null;

  @ChoiceField({ description: 'Changes of objects of this kind.', values: CHANGE_KINDS, default: null })
  kind!: ChangeKind | null;

  @ChoiceField({ description: 'Changes of this sort.', values: CHANGE_ACTIONS, default: null })
  action!: ChangeAction | null;

  @TextField({ description: 'Changes that this token, or system:…, made.', maxLength: 256, default: null })
  actor!: string | null;

  @IntegerField({
    description: 'Changes after this revision.',
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    default: null,
  })
  afterRevision!: number | null;

  @SortField(['revision'], { default: '-revision' })
  sort!: string;
}

export class RevisionDto {
  @ReadOnlyCount({ description: 'Revision of the last change of anything; 0 before the first.' })
  revision!: number;

  @ReadOnlyField({
    type: 'string',
    format: 'uuid',
    description: 'Names the database, on the bus and on the hosts too.',
  })
  storeId!: string;
}
