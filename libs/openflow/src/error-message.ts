/** OFPT_ERROR, decoded. */
import { errorName, experimenterErrorName } from './error-codes';
import { OpenFlowError } from './errors';
import { EXPERIMENTER } from './protocol';
import { Reader } from './wire/reader';

export function readError(body: Buffer): OpenFlowError {
  const reader = new Reader(body);
  const [type, code] = [reader.u16(), reader.u16()];
  const name = type === EXPERIMENTER ? experimenterErrorName(reader.u32(), code) : errorName(type, code);
  return new OpenFlowError(name, type, code, reader.bytes(reader.remaining));
}
