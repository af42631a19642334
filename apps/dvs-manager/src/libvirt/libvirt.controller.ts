import { Controller, Get, Header, Param } from '@nestjs/common';
import { ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import { IdPipe } from '../fields/dto.pipe';
import { ProblemResponses } from '../openapi/operations';
import { PortInterfaces } from './port-interface.service';

@ApiTags('libvirt')
@Controller('ports/:id/libvirt-xml')
export class LibvirtController {
  constructor(private readonly interfaces: PortInterfaces) {}

  @Get()
  @Header('content-type', 'application/xml; charset=utf-8')
  @ApiOperation({
    operationId: 'getPortLibvirtXml',
    summary: 'The <interface> element that connects a libvirt domain to a port',
    description:
      'QEMU listens on the socket of the port (mode="server") and the switch connects. The domain needs shared memory: <memoryBacking> with <access mode="shared"/>, and no NUMA cell whose memAccess is private. `dvsctl domain render` rewrites a whole domain.',
  })
  @ApiProduces('application/xml')
  @ApiResponse({
    status: 200,
    description: 'The element.',
    content: { 'application/xml': { schema: { type: 'string', description: 'XML in UTF-8.' } } },
  })
  @ProblemResponses(
    'validation-failed',
    'malformed-request',
    'unauthorized',
    'not-found',
    'invalid-reference',
    'too-many-requests',
    'internal-error',
    'unavailable',
  )
  libvirtXml(@Param('id', IdPipe) id: string): Promise<string> {
    return this.interfaces.render(id);
  }
}
