// @ts-check
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { project, replaceFile, userCache } from './paths.mjs';
import { lastWords, nodeHeaders, run } from './programs.mjs';
import { task } from './say.mjs';

/** @typedef {Readonly<Record<string, { version?: string, integrity?: string, optional?: boolean, devOptional?: boolean, peer?: boolean }>>} Packages */

const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';

/**
 * Whether node_modules holds everything that package-lock.json says; npm keeps its own account of what it installed.
 * @returns {boolean}
 */
export function packagesInstalled() {
  const wanted = packagesOf(join(project, 'package-lock.json'));
  const present = packagesOf(join(project, 'node_modules', '.package-lock.json'));
  if (wanted === undefined || present === undefined) return false;
  return Object.entries(wanted).every(([path, { version, integrity, optional, devOptional, peer }]) => {
    const found = present[path];
    // Packages for other platforms are in the lock and not in the folder.
    if (found === undefined) return path === '' || optional === true || devOptional === true || peer === true;
    return found.version === version && (integrity === undefined || found.integrity === integrity);
  });
}

/**
 * @param {string} path
 * @returns {Packages | undefined}
 */
function packagesOf(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : undefined;
}

export async function installPackages() {
  await task('installing npm packages', async () => {
    const ended = await run(npm, ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: project });
    if (ended.code !== 0) throw new Error(`npm ci failed: ${npmWords(ended.output)}`);
  });
}

/**
 * npm says what went wrong first, and how to get help last.
 * @param {string} output
 * @returns {string}
 */
function npmWords(output) {
  const lines = output.split('\n').map((line) => line.replace(/^npm error ?/, '').trim());
  const said = lines.filter((line, index) => output.split('\n')[index]?.startsWith('npm error') && line !== '');
  return said.length === 0 ? lastWords(output) : said.slice(0, 3).join('; ');
}

const sqlite = join(project, 'node_modules', 'better-sqlite3');

/** The file that better-sqlite3 loads. */
const sqliteAddon = join(sqlite, 'build', 'Release', 'better_sqlite3.node');

/**
 * Loading costs 20 ms; an addon of another Node version is found out by it.
 * @returns {boolean}
 */
export function sqliteLoads() {
  if (!existsSync(sqliteAddon)) return false;
  try {
    process.dlopen({ exports: {} }, sqliteAddon);
    return true;
  } catch {
    return false;
  }
}

/** Takes the addon that an earlier clone built, or builds it and keeps it for the next one. */
export async function buildSqlite() {
  const { version } = JSON.parse(readFileSync(join(sqlite, 'package.json'), 'utf8'));
  const machine = `${process.platform}-${process.arch}-node${process.versions.modules}`;
  const cached = join(userCache(), `better-sqlite3-${version}-${machine}.node`);
  if (existsSync(cached)) {
    replaceFile(cached, sqliteAddon);
    if (sqliteLoads()) return;
  }
  await task('building better-sqlite3 (about a minute where no prebuilt one can be fetched)', async () => {
    const args = ['rebuild', 'better-sqlite3', '--ignore-scripts=false'];
    const ended = await run(npm, args, { cwd: project, env: nodeHeaders() });
    if (ended.code !== 0 || !sqliteLoads()) {
      const advice = 'it needs Python 3, make and a C++ compiler (Debian: apt install python3 make g++)';
      throw new Error(`better-sqlite3 was not built: ${npmWords(ended.output)}; ${advice}`);
    }
  });
  replaceFile(sqliteAddon, cached);
}
