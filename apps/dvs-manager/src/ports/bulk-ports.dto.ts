import { ListField, PatchField } from '../fields/object-fields';
import { ReadOnlyField } from '../fields/read-only-field';
import { IdField, TextField } from '../fields/text-fields';
import { CreatePortDto, PatchPortDto, PortDto } from './port.dto';

export const BULK_ITEMS_MAX = 2000;

const VERSION = { regex: /^(\*|"?\d{1,9}"?)$/, says: 'the ETag or version of the object, or *' };

export class UpdatePortItem {
  @IdField({ description: 'The port.' })
  id!: string;

  @TextField({
    description: 'As the header If-Match: ETag or version that the change is based on, or *.',
    maxLength: 12,
    pattern: VERSION,
    example: '3',
  })
  ifMatch!: string;

  @PatchField({ description: 'As the body of PATCH.', of: () => PatchPortDto })
  changes!: object;
}

export class DeletePortItem {
  @IdField({ description: 'The port.' })
  id!: string;

  @TextField({
    description: 'As the header If-Match; null: whatever version there is.',
    maxLength: 12,
    pattern: VERSION,
    default: null,
  })
  ifMatch!: string | null;
}

export class BulkPortsDto {
  @ListField({
    description: 'Ports to create, after the others are changed and deleted.',
    of: () => CreatePortDto,
    maxItems: BULK_ITEMS_MAX,
    default: [],
  })
  create!: CreatePortDto[];

  @ListField({
    description: 'Ports to change, after the others are deleted.',
    of: () => UpdatePortItem,
    maxItems: BULK_ITEMS_MAX,
    default: [],
  })
  update!: UpdatePortItem[];

  @ListField({
    description: 'Ports to delete.',
    of: () => DeletePortItem,
    maxItems: BULK_ITEMS_MAX,
    default: [],
  })
  delete!: DeletePortItem[];
}

export class BulkPortsResultDto {
  @ReadOnlyField({
    type: () => PortDto,
    isArray: true,
    description: 'The new ports, in the order of the request.',
  })
  created!: PortDto[];

  @ReadOnlyField({
    type: () => PortDto,
    isArray: true,
    description: 'The changed ports, in the order of the request.',
  })
  updated!: PortDto[];

  @ReadOnlyField({
    type: 'string',
    format: 'uuid',
    isArray: true,
    description: 'Ids of the ports that are gone.',
  })
  deleted!: string[];
}
