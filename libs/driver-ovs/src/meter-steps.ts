/** Steps on meters of one bridge, all in one round trip. Each stands for itself. */
import type { Step, StepResult } from '@opendvs/dataplane';
import {
  applyMeterMods,
  type Connection,
  type Meter,
  type MeterMod,
  type OpenFlowError,
} from '@opendvs/openflow';
import type { MeterSpec, OvsSpec } from './ovs-objects';

const METER_EXISTS = 'OFPMMFC_METER_EXISTS';
const UNKNOWN_METER = 'OFPMMFC_UNKNOWN_METER';

/** @param isThere what is thought of the meter with that key; when that is wrong, it is put right */
export async function applyMeterSteps(
  connection: Connection,
  steps: readonly Step<OvsSpec>[],
  isThere: (key: string) => boolean,
): Promise<StepResult[]> {
  const mods = steps.map((step) => modOf(step, isThere(step.key)));
  const errors = await applyMeterMods(connection, mods);
  const other = mods.map((mod, i) => otherWay(mod, errors[i]!));
  const tried = other.filter((mod) => mod !== null);
  const laterErrors = await applyMeterMods(connection, tried);
  return steps.map((step, i) => {
    const again = other[i] ? tried.indexOf(other[i]) : -1;
    const error = again < 0 ? errors[i] : laterErrors[again];
    return error ? failure(step.key, mods[i]!.meter.id, error) : { key: step.key, ok: true };
  });
}

export const meterIdIn = (step: Step<OvsSpec>): number =>
  ((step.verb === 'delete' ? step.from : step.to).spec as MeterSpec).id;

function modOf(step: Step<OvsSpec>, isThere: boolean): MeterMod {
  if (step.verb === 'delete') return { command: 'delete', meter: { id: meterIdIn(step) } };
  const { id, unit, rate, burst } = step.to.spec as MeterSpec;
  const meter: Meter = { id, unit: unit === 'pps' ? 'pktps' : 'kbps', bands: [{ rate, burst }] };
  return { command: isThere ? 'modify' : 'add', meter };
}

/** A meter that is there already is changed, one that isn't is made. */
function otherWay(mod: MeterMod, error: OpenFlowError | null): MeterMod | null {
  if (error?.errorName === METER_EXISTS && mod.command === 'add') return { ...mod, command: 'modify' };
  if (error?.errorName === UNKNOWN_METER && mod.command === 'modify') return { ...mod, command: 'add' };
  return null;
}

function failure(key: string, id: number, { errorName }: OpenFlowError): StepResult {
  return { key, ok: false, error: `Open vSwitch refused meter ${id}: ${errorName}; its log has the reason` };
}
