/**
 * The symbolic names of what a switch can answer to the messages this library sends. From the OpenFlow 1.4 specification,
 * section 7.4.4, and, for Open vSwitch's own codes, its include/openvswitch/ofp-errors.h.
 */
import { NICIRA_EXPERIMENTER } from './protocol';

interface ErrorType {
  prefix: string;
  /** Index = code. */
  codes: readonly string[];
}

const type = (prefix: string, codes: string): ErrorType => ({ prefix, codes: codes.split(' ') });

const ERROR_TYPES: Readonly<Record<number, ErrorType>> = {
  0: type('OFPHFC', 'INCOMPATIBLE EPERM'),
  1: type(
    'OFPBRC',
    'BAD_VERSION BAD_TYPE BAD_MULTIPART BAD_EXPERIMENTER BAD_EXP_TYPE EPERM BAD_LEN BUFFER_EMPTY BUFFER_UNKNOWN BAD_TABLE_ID ' +
      'IS_SLAVE BAD_PORT BAD_PACKET MULTIPART_BUFFER_OVERFLOW MULTIPART_REQUEST_TIMEOUT MULTIPART_REPLY_TIMEOUT',
  ),
  2: type(
    'OFPBAC',
    'BAD_TYPE BAD_LEN BAD_EXPERIMENTER BAD_EXP_TYPE BAD_OUT_PORT BAD_ARGUMENT EPERM TOO_MANY BAD_QUEUE BAD_OUT_GROUP ' +
      'MATCH_INCONSISTENT UNSUPPORTED_ORDER BAD_TAG BAD_SET_TYPE BAD_SET_LEN BAD_SET_ARGUMENT',
  ),
  3: type(
    'OFPBIC',
    'UNKNOWN_INST UNSUP_INST BAD_TABLE_ID UNSUP_METADATA UNSUP_METADATA_MASK BAD_EXPERIMENTER BAD_EXP_TYPE BAD_LEN EPERM DUP_INST',
  ),
  4: type(
    'OFPBMC',
    'BAD_TYPE BAD_LEN BAD_TAG BAD_DL_ADDR_MASK BAD_NW_ADDR_MASK BAD_WILDCARDS BAD_FIELD BAD_VALUE BAD_MASK BAD_PREREQ DUP_FIELD EPERM',
  ),
  5: type(
    'OFPFMFC',
    'UNKNOWN TABLE_FULL BAD_TABLE_ID OVERLAP EPERM BAD_TIMEOUT BAD_COMMAND BAD_FLAGS CANT_SYNC BAD_PRIORITY IS_SYNC',
  ),
  12: type(
    'OFPMMFC',
    'UNKNOWN METER_EXISTS INVALID_METER UNKNOWN_METER BAD_COMMAND BAD_FLAGS BAD_RATE BAD_BURST BAD_BAND BAD_BAND_VALUE ' +
      'OUT_OF_METERS OUT_OF_BANDS',
  ),
  14: type(
    'OFPBPC',
    'BAD_TYPE BAD_LEN BAD_VALUE TOO_MANY DUP_TYPE BAD_EXPERIMENTER BAD_EXP_TYPE BAD_EXP_VALUE EPERM',
  ),
  16: type(
    'OFPMOFC',
    'UNKNOWN MONITOR_EXISTS INVALID_MONITOR UNKNOWN_MONITOR BAD_COMMAND BAD_FLAGS BAD_TABLE_ID BAD_OUT',
  ),
  17: type(
    'OFPBFC',
    'UNKNOWN EPERM BAD_ID BUNDLE_EXIST BUNDLE_CLOSED OUT_OF_BUNDLES BAD_TYPE BAD_FLAGS MSG_BAD_LEN MSG_BAD_XID MSG_UNSUP ' +
      'MSG_CONFLICT MSG_TOO_MANY MSG_FAILED TIMEOUT BUNDLE_IN_PROGRESS',
  ),
};

/** Open vSwitch's own errors (experimenter Nicira): the experimenter type says it all, there is no code. */
const NICIRA_ERRORS: Readonly<Record<number, string>> = {
  2: 'NXBRC_NXM_INVALID',
  3: 'NXBRC_NXM_BAD_TYPE',
  4: 'NXBRC_MUST_BE_ZERO',
  10: 'NXBRC_UNENCODABLE_ERROR',
  11: 'NXBAC_MUST_BE_ZERO',
  12: 'NXFMFC_HARDWARE',
  13: 'NXFMFC_BAD_TABLE_ID',
  15: 'NXBAC_BAD_CONJUNCTION',
  22: 'OFPBFC_BAD_VERSION',
  42: 'NXBAC_CT_DATAPATH_SUPPORT',
  43: 'NXBMC_CT_DATAPATH_SUPPORT',
};

/** "OFPMMFC_UNKNOWN_METER"; for a number not listed above, "type 6 code 3". */
export function errorName(errorType: number, code: number): string {
  const known = ERROR_TYPES[errorType];
  const name = known?.codes[code];
  return known && name ? `${known.prefix}_${name}` : `type ${errorType} code ${code}`;
}

/** Name of an experimenter's error (OFPET_EXPERIMENTER). */
export function experimenterErrorName(experimenter: number, experimenterType: number): string {
  const known = experimenter === NICIRA_EXPERIMENTER ? NICIRA_ERRORS[experimenterType] : undefined;
  return known ?? `experimenter 0x${experimenter.toString(16)} type ${experimenterType}`;
}
