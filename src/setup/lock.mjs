// @ts-check
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { say } from './say.mjs';

const beatEvery = 2_000;
const deadAfter = 30_000;

/**
 * Runs `work` while no other process on this disk does the same. The owner touches the file as long as it lives;
 * a lock whose owner died, here or on another machine, is taken over.
 * @template T
 * @param {string} path the lock file
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(path, work) {
  mkdirSync(dirname(path), { recursive: true });
  const mine = JSON.stringify({ host: hostname(), pid: process.pid, nonce: Math.floor(performance.timeOrigin * 1000) });
  let told = false;
  while (!take(path, mine)) {
    if (!told) say(`waiting for another set-up to end (${path})`);
    told = true;
    await sleep(250);
  }
  const beat = setInterval(() => touch(path), beatEvery);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    if (read(path) === mine) rmSync(path, { force: true });
  }
}

/**
 * @param {string} path
 * @param {string} mine
 * @returns {boolean}
 */
function take(path, mine) {
  try {
    writeFileSync(path, mine, { flag: 'wx' });
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
  }
  const theirs = read(path);
  if (theirs !== undefined && isDead(path, theirs)) setAside(path, theirs);
  return false;
}

/**
 * @param {string} path
 * @param {string} theirs
 * @returns {boolean}
 */
function isDead(path, theirs) {
  try {
    if (Date.now() - statSync(path).mtimeMs > deadAfter) return true;
    const owner = JSON.parse(theirs);
    if (owner.host !== hostname()) return false;
    process.kill(owner.pid, 0);
    return false;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'ESRCH';
  }
}

/**
 * Two waiters may see the same dead lock: the slower one could move away the lock that the faster one just took,
 * so whatever was moved is looked at, and put back when it is not the dead one.
 * @param {string} path
 * @param {string} dead
 */
function setAside(path, dead) {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
    if (read(aside) !== dead) linkSync(aside, path);
  } catch {
    // somebody else was faster
  }
  rmSync(aside, { force: true });
}

/**
 * @param {string} path
 * @returns {string | undefined}
 */
function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * @param {string} path
 */
function touch(path) {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {
    // the cache folder was removed under us; the work itself will say so
  }
}
