import { Global, Module } from '@nestjs/common';
import { ManagerGauges } from './gauges';
import { ManagerMetrics } from './manager-metrics';
import { MetricsController } from './metrics.controller';
import { RequestTiming } from './request-timing';

@Global()
@Module({
  controllers: [MetricsController],
  providers: [ManagerMetrics, ManagerGauges, RequestTiming],
  exports: [ManagerMetrics],
})
export class MetricsModule {}
