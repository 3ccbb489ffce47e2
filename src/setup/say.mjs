// @ts-check

/** What set-up says goes to stderr: stdout belongs to the command that follows. */

/**
 * @param {string} line
 */
export function say(line) {
  process.stderr.write(`setup: ${line}\n`);
}

/**
 * Does one thing and says so on one line, with its duration.
 * @template T
 * @param {string} what
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function task(what, work) {
  const started = performance.now();
  process.stderr.write(`setup: ${what} ... `);
  try {
    const result = await work();
    process.stderr.write(`done (${((performance.now() - started) / 1000).toFixed(1)} s)\n`);
    return result;
  } catch (error) {
    process.stderr.write('failed\n');
    throw error;
  }
}
