/** What an error says, for a sentence of ours. */
export function errorMessage(error: unknown): string {
  const said = typeof error === 'object' && error !== null && 'message' in error ? error.message : error;
  return String(said) || (error as Error).name;
}
