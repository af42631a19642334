import { Global, Module } from '@nestjs/common';
import { ManagerGauges } from './gauges';
import { ManagerMetrics } from './manager-metrics';
import { MetricsController } from './metrics.controller';

@Global()
@Module({
  controllers: [MetricsController],
  providers: [ManagerMetrics, ManagerGauges],
  exports: [ManagerMetrics],
})
export class MetricsModule {}
