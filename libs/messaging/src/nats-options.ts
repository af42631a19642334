/**
 * How OpenDVS connects to NATS, the same for both client libraries in use (`@nats-io/transport-node` for JetStream, `nats` 2.29 inside
 * Nest's transport): for ever, as a host must outlive its bus by hours.
 */
export interface NatsOptions {
  servers: string[];
  user?: string;
  pass?: string;
  token?: string;
  tls?: Record<string, never>;
  name: string;
  maxReconnectAttempts: -1;
  reconnectTimeWait: number;
  waitOnFirstConnect: boolean;
  pingInterval: number;
  maxPingOut: number;
}

/**
 * @param url one or several servers, `nats://user:password@host:4222,nats://host2:4222`; `tls://` demands TLS; credentials (user and password, or a token) are
 *   those of the first that has any
 * @param name shown in the server's connection list
 * @throws TypeError when it isn't such a list; the message leaves credentials out
 */
export function natsOptions(url: string, name: string): NatsOptions {
  const urls = url.split(',').map((piece, index) => parseServer(piece.trim(), index));
  const withCredentials = urls.find((u) => u.username);
  const credentials = withCredentials && {
    ...(withCredentials.password
      ? {
          user: decodeURIComponent(withCredentials.username),
          pass: decodeURIComponent(withCredentials.password),
        }
      : { token: decodeURIComponent(withCredentials.username) }),
  };
  return {
    servers: urls.map((u) => u.host),
    ...credentials,
    ...(urls.some((u) => u.protocol === 'tls:') ? { tls: {} } : {}),
    name,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    waitOnFirstConnect: true,
    pingInterval: 2000,
    maxPingOut: 2,
  };
}

function parseServer(text: string, index: number): URL {
  const parsed = URL.canParse(text) ? new URL(text) : null;
  if (!parsed || !['nats:', 'tls:'].includes(parsed.protocol) || !parsed.hostname) {
    throw new TypeError(
      `NATS server ${index + 1} of the list is not of the form nats://[user:password@]host:port`,
    );
  }
  return parsed;
}
