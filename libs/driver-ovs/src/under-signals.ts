/**
 * Waiting that ends early when any of several signals is aborted. Nothing stays registered with the signals afterwards: they live
 * as long as the driver, and `AbortSignal.any` would leave something behind at every call.
 * @param wait is given a signal that is aborted then, and when the time is over
 * @returns whether it was done in time
 * @throws the reason of the signal that was aborted, and what `wait` throws by itself
 */
export async function underSignals(
  signals: readonly AbortSignal[],
  timeoutMs: number,
  wait: (signal: AbortSignal) => Promise<void>,
): Promise<boolean> {
  const controller = new AbortController();
  const tooLate = new Error(`not within ${timeoutMs} ms`);
  const timer = setTimeout(() => controller.abort(tooLate), timeoutMs);
  const listeners = signals.map((signal) => {
    const abort = () => controller.abort(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    return () => signal.removeEventListener('abort', abort);
  });
  try {
    await wait(controller.signal);
    return true;
  } catch (error) {
    if (error === tooLate) return false;
    throw error;
  } finally {
    clearTimeout(timer);
    for (const remove of listeners) remove();
  }
}
