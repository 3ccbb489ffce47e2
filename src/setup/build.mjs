// @ts-check
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { project } from './paths.mjs';
import { run } from './programs.mjs';
import { task } from './say.mjs';

const sources = join(project, 'src');
const output = join(project, 'dist');
const stampPath = join(output, '.built');
const command = join(output, 'cli.js');

/**
 * Whether `dist` was built from the sources as they are: names, sizes and times of change.
 * @returns {boolean}
 */
export function isBuilt() {
  return existsSync(command) && existsSync(stampPath) && readFileSync(stampPath, 'utf8') === stamp();
}

/** Writes `dist`, without checking types: `npm run check` does that. */
export async function build() {
  await task('building dist', async () => {
    const before = stamp();
    rmSync(stampPath, { force: true });
    // tsc trusts its account of what it wrote; without the output that account is wrong.
    if (!existsSync(command)) rmSync(output, { recursive: true, force: true });
    const tsc = join(project, 'node_modules', 'typescript', 'bin', 'tsc');
    const ended = await run(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: project });
    if (ended.code !== 0) throw new Error(`tsc failed:\n${ended.output.trim()}`);
    removeOrphans();
    // Loads packages, which are not there yet when this file is.
    const [{ writeValidators }, { bundleViews }] = await Promise.all([
      import('./validators.mjs'),
      import('./bundle.mjs'),
    ]);
    await writeValidators(output);
    await bundleViews(sources, output);
    if (existsSync(command)) chmodSync(command, 0o755);
    writeFileSync(stampPath, before);
  });
}

/**
 * @returns {string}
 */
function stamp() {
  const hash = createHash('sha256');
  const files = ['package.json', 'tsconfig.json', 'tsconfig.build.json'].map((name) => join(project, name));
  for (const path of [...files, ...filesUnder(sources)]) {
    const { size, mtimeMs } = statSync(path);
    hash.update(`${relative(project, path)} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

/** What a deleted source left in `dist` would still be found by an import. */
function removeOrphans() {
  const kept = new Set(filesUnder(sources).map((path) => relative(sources, path).replace(/\.tsx?$/, '.js')));
  for (const path of filesUnder(output)) {
    const name = relative(output, path).replace(/\.map$/, '');
    if (/\.m?js$/.test(name) && !kept.has(name)) rmSync(path);
  }
}

/**
 * @param {string} folder
 * @returns {readonly string[]}
 */
function filesUnder(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((found) => found.isFile())
    .map((found) => join(found.parentPath, found.name))
    .sort();
}
