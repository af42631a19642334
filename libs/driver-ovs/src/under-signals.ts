/**
 * Work that ends early when any of several signals is aborted or its time is over. Nothing stays registered with the signals
 * afterwards: they live as long as the driver, and `AbortSignal.any` would leave something behind at every call.
 */
export async function underSignals<T>(
  signals: readonly AbortSignal[],
  timeout: { afterMs: number; message: string },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new Error(timeout.message)), timeout.afterMs);
  const listeners = signals.map((signal) => {
    const abort = () => controller.abort(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    return () => signal.removeEventListener('abort', abort);
  });
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    for (const remove of listeners) remove();
  }
}
