// @ts-check
// Everything between a fresh clone and a working `sea`. Runs before node_modules exists, so it imports Node alone.
// Quick and silent when there is nothing to do.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { build, isBuilt } from './build.mjs';
import { setUpEngine } from './engine.mjs';
import { buildSqlite, installPackages, packagesInstalled, sqliteLoads } from './install.mjs';
import { withLock } from './lock.mjs';
import { project, userCache } from './paths.mjs';
import { say } from './say.mjs';

const insist = process.argv.includes('--retry');

async function setUp() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    throw new Error(`Node 20.19 or newer is needed, this is ${process.versions.node}`);
  if (!packagesInstalled() || !sqliteLoads() || !isBuilt()) await withLock(projectLock(), prepareProject);
  await setUpEngine(insist);
}

async function prepareProject() {
  if (!packagesInstalled()) await installPackages();
  if (!sqliteLoads()) await buildSqlite();
  if (!isBuilt()) await build();
}

/** Outside the project: `npm ci` would remove it from node_modules while it is held. */
function projectLock() {
  const name = createHash('sha256').update(project).digest('hex').slice(0, 16);
  return join(userCache(), `project-${name}.lock`);
}

try {
  await setUp();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
