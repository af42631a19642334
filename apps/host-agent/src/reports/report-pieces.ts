/** Reports are split so that each fits a NATS message, whose default limit is 1 MiB, with room to spare. */
export const PIECE_BYTES_MAX = 512 * 1024;

/** Consecutive pieces of at most `countMax` items and about {@link PIECE_BYTES_MAX} bytes of JSON each; one empty piece of nothing. */
export function pieces<T>(items: readonly T[], countMax: number): T[][] {
  const result: T[][] = [[]];
  let bytes = 0;
  for (const item of items) {
    const size = Buffer.byteLength(JSON.stringify(item)) + 1;
    const last = result.at(-1);
    if (last && last.length > 0 && (last.length >= countMax || bytes + size > PIECE_BYTES_MAX)) {
      result.push([item]);
      bytes = size;
    } else {
      last?.push(item);
      bytes += size;
    }
  }
  return result;
}

/** Texts of engines and systems can be long; what the contract allows is enough for people. */
export function clip(text: string, lengthMax: number): string {
  return text.length <= lengthMax ? text : `${text.slice(0, lengthMax - 1)}…`;
}
