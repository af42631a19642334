// What a person sees of a long job: one line a step with ✓ or ✗, what came of it and how long it took. Used before anything is installed, hence
// plain JavaScript; the TypeScript side knows it as the interface Progress of deploy/quickstart.

const SAY_STARTED_AFTER_MS = 3000;

/**
 * @param {NodeJS.WritableStream & {isTTY?: boolean}} out
 */
export function createProgress(out = process.stdout) {
  const failures = [];
  let shown = '';
  const live = (text) => {
    if (!out.isTTY) return;
    shown = text.slice(0, (out.columns ?? 80) - 1);
    out.write(`\r\x1b[2K${shown}`);
  };
  const print = (line) => {
    if (shown) out.write('\r\x1b[2K');
    out.write(`${line}\n`);
    shown = '';
  };

  /**
   * Runs one step. `work` gets `tell(detail)`: the last detail stands in the step's line.
   * @returns what work returns
   * @throws what work throws, after the step was shown as failed
   */
  async function step(title, work) {
    const startedAt = performance.now();
    let detail = '';
    const refresh = () => live(`… ${title}${detail ? `: ${detail}` : ''}  ${seconds(startedAt)}`);
    const timer = out.isTTY
      ? setInterval(refresh, 250)
      : setTimeout(() => print(`… ${title}`), SAY_STARTED_AFTER_MS);
    refresh();
    try {
      const result = await work((text) => {
        detail = text;
        refresh();
      });
      print(`✓ ${title}${detail ? `: ${detail}` : ''}  ${seconds(startedAt)}`);
      return result;
    } catch (error) {
      failures.push(title);
      print(`✗ ${title}: ${error.message}  ${seconds(startedAt)}`);
      throw error;
    } finally {
      clearInterval(timer);
    }
  }

  return { step, print, failures };
}

function seconds(since) {
  return `(${((performance.now() - since) / 1000).toFixed(1)} s)`;
}
