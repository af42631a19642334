import { readError } from './error-message';

describe('an error of the switch', () => {
  it.each([
    ['00050001', 'OFPFMFC_TABLE_FULL', 5, 1],
    ['00040009', 'OFPBMC_BAD_PREREQ', 4, 9],
    ['000c000b', 'OFPMMFC_OUT_OF_BANDS', 12, 11],
    ['0011000d', 'OFPBFC_MSG_FAILED', 17, 13],
    ['ffff001600002320', 'OFPBFC_BAD_VERSION', 0xffff, 22],
    ['00060003', 'type 6 code 3', 6, 3],
    ['0005ffff', 'type 5 code 65535', 5, 0xffff],
    ['ffff000112345678', 'experimenter 0x12345678 type 1', 0xffff, 1],
  ])('%s is called %s', (body, errorName, errorType, errorCode) => {
    expect(readError(Buffer.from(body, 'hex'))).toMatchObject({ errorName, errorType, errorCode });
  });

  it('carries the start of the message it objects to', () => {
    expect(readError(Buffer.from('00050001050e', 'hex')).data.toString('hex')).toBe('050e');
  });
});
