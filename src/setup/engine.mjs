// @ts-check
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { linkEngine, linkedEngine } from './link.mjs';
import { withLock } from './lock.mjs';
import { project, userCache } from './paths.mjs';
import { findPython, nvidiaGpus } from './programs.mjs';
import { say } from './say.mjs';
import { provideLibrary } from './tensorflow.mjs';
import { chooseVariant, tensorflowVersion } from './variant.mjs';

/** Why TensorFlow could not be linked the last time, so that every start does not wait for the network again. */
const failurePath = join(project, 'node_modules', '.seagraph', 'no-tensorflow.json');
const tryAgainAfter = 24 * 3600 * 1000;

/**
 * Why there is no TensorFlow here, when setting it up failed.
 * @returns {{ reason: string, at: number } | undefined}
 */
export function engineFailure() {
  return existsSync(failurePath) ? JSON.parse(readFileSync(failurePath, 'utf8')) : undefined;
}

/**
 * Links TensorFlow unless it is linked, or says in one line why the slower WebAssembly engine is used.
 * @param {boolean} insist try even if it failed a short while ago
 */
export async function setUpEngine(insist) {
  if (process.env['SEA_ENGINE'] === 'wasm') return;
  const linked = linkedEngine();
  if (
    linked !== undefined &&
    linked.tensorflow === tensorflowVersion &&
    (linked.cuda || (await nvidiaGpus()).length === 0)
  )
    return;
  const failed = engineFailure();
  if (failed !== undefined && !insist && Date.now() - failed.at < tryAgainAfter) {
    say(`engine: wasm (${failed.reason}); \`npm run setup\` tries again`);
    return;
  }
  try {
    await withLock(join(userCache(), 'lock'), link);
    rmSync(failurePath, { force: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    mkdirSync(join(failurePath, '..'), { recursive: true });
    writeFileSync(failurePath, JSON.stringify({ reason, at: Date.now() }));
    say(`no TensorFlow: ${reason}; going on with the slower engine, wasm`);
  }
}

async function link() {
  const variant = await chooseVariant();
  if (typeof variant === 'string') throw new Error(variant);
  const folder = await provideLibrary(variant, await findPython());
  await linkEngine(variant, folder, tensorflowVersion);
  say(`engine: TensorFlow ${tensorflowVersion} (${variant.name}) linked from ${folder}`);
}
