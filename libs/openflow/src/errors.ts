/** What can go wrong, by who is to blame: the switch refused, the peer is gone or late, or it spoke nonsense. */

/** The switch answered a request with OFPT_ERROR. */
export class OpenFlowError extends Error {
  override readonly name = 'OpenFlowError';

  constructor(
    /** Symbolic name: "OFPMMFC_UNKNOWN_METER". */
    readonly errorName: string,
    readonly errorType: number,
    /** For an experimenter's error, the experimenter's type. */
    readonly errorCode: number,
    /** The start of the message it objects to, or an ASCII text for a failed hello. */
    readonly data: Buffer,
  ) {
    super(`the switch answered ${errorName} (type ${errorType}, code ${errorCode})`);
  }
}

/** The bridge doesn't speak OpenFlow 1.4. */
export class VersionMismatchError extends Error {
  override readonly name = 'VersionMismatchError';
}

/** No answer within the time given. Whether the switch has acted on the request is unknown: read back before going on. */
export class RequestTimeoutError extends Error {
  override readonly name = 'RequestTimeoutError';
}

/** The connection is gone; `cause` says why. Whether requests under way were acted on is unknown. */
export class ConnectionClosedError extends Error {
  override readonly name = 'ConnectionClosedError';
}

/** The peer sent bytes that are not OpenFlow 1.4. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}
