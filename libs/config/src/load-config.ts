import { z } from 'zod';

/** The environment doesn't say what the program needs. `message` lists every variable at fault, for people. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Reads the program's configuration from environment variables. Empty variables count as unset, so that defaults apply.
 * @param schema an object schema whose keys are variable names; values arrive as strings (use z.coerce for numbers)
 * @throws ConfigError naming each wrong variable and why, all at once; never quotes a value, which may be secret
 */
export function loadConfig<S extends z.ZodType>(schema: S, env: NodeJS.ProcessEnv = process.env): z.infer<S> {
  const present = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ''),
  );
  const result = schema.safeParse(present);
  if (result.success) return result.data;
  const lines = result.error.issues.map(
    (issue) => `  ${issue.path.join('.') || '(environment)'}: ${issue.message}`,
  );
  throw new ConfigError(
    `The configuration is not usable:\n${lines.join('\n')}\nSet these environment variables; --help lists them all.`,
  );
}

/** A TCP port to listen on; 0 lets the system choose. */
export const tcpPort = z.coerce.number().int().min(0).max(65535);

/** `true`, `false`, `1`, `0`. */
export const flag = z
  .enum(['true', 'false', '1', '0'])
  .transform((value) => value === 'true' || value === '1');
