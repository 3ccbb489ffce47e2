import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { type JobFile, jobPaths, readJob, readOutcome, readProcess, writeJob } from '../job/folder.ts';
import type { Identity } from '../plan/key.ts';
import { startOf } from '../process.ts';
import { portsOf } from '../stages/kind.ts';
import type { Key, Store } from '../store/store.ts';
import { removeTree } from '../store/tree.ts';
import type { Node } from './nodes.ts';

/** How a stage's folder was found: with a result that only had to be kept, with a checkpoint, or empty. */
export type Launch = Readonly<{ folder: string; job: JobFile; finished: boolean; resumed: boolean }>;

/** Makes the job folder of a stage whose lease this process holds. What an earlier, killed run left is used or removed. */
export function prepare(store: Store, node: Node, key: Key, inputs: Readonly<Record<string, string>>): Launch {
  const folder = store.jobFolder(key);
  const scratch = store.scratchFolder(key);
  const job = request(node, folder, { scratch, replies: store.repliesFolder() }, inputs);
  fs.mkdirSync(dirname(folder), { recursive: true });
  const left = !makeFolder(folder);
  if (left) endLeftover(folder);
  // Where files outside the store are read, nobody saw whether they changed meanwhile.
  const readsSources = (node.kind.sources?.(node.step.spec.params) ?? []).length > 0;
  if (left && !node.forced && !readsSources && isFinished(folder, job))
    return { folder, job, finished: true, resumed: true };
  // A checkpoint behind a result that was made already is what is left of a removal.
  const fresh = node.forced || store.find(key) !== undefined;
  if (fresh) removeTree(scratch);
  const resumed = !fresh && hasFiles(scratch);
  if (left) clearFolder(folder, resumed);
  writeJob(folder, job);
  return { folder, job, finished: false, resumed };
}

/** Where the contents of a stage's inputs lie, by port. */
export function inputPaths(store: Store, { inputs }: Identity): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(inputs).map(([port, digest]) => [port, store.path(digest)]));
}

/** Removes what the dead maker of a key left, except checkpoints, logs and results that can still be kept. */
export function cleanUp(store: Store): void {
  for (const key of store.sweep()) {
    const lease = store.begin(key);
    if (lease === undefined) continue;
    const folder = store.jobFolder(key);
    if (fs.existsSync(folder)) {
      endLeftover(folder);
      if (readOutcome(folder)?.state !== 'done') clearOutputs(store, key);
    }
    lease.release();
  }
}

/** After a commit: the outputs are in the store and the checkpoint has done its work. */
export function clearFinished(store: Store, key: Key): void {
  clearOutputs(store, key);
  const scratch = store.scratchFolder(key);
  if (fs.existsSync(scratch)) removeTree(scratch);
}

/** Removes what a job made and nobody keeps: everything in its folder that is not part of its history. */
export function clearOutputs(store: Store, key: Key): void {
  const folder = store.jobFolder(key);
  const kept = new Set(Object.values(jobPaths).map((path) => path(folder)));
  for (const name of fs.readdirSync(folder)) {
    const path = join(folder, name);
    if (!kept.has(path)) removeTree(path);
  }
}

/** What a process needs to make a stage in a folder. */
export function request(
  node: Node,
  folder: string,
  shared: Pick<JobFile, 'scratch' | 'replies'>,
  inputs: Readonly<Record<string, string>>,
): JobFile {
  const { id, spec } = node.step;
  const ports = Object.keys(portsOf(node.kind.outputs, spec.params));
  const outputs = Object.fromEntries(ports.map((port) => [port, join(folder, `output.${port}`)]));
  return { stage: id, kind: spec.kind, version: node.kind.version, params: spec.params, inputs, outputs, ...shared };
}

function makeFolder(folder: string): boolean {
  try {
    fs.mkdirSync(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

/** A killed run may have left its worker at work for a moment: it must not write beside the next one. */
function endLeftover(folder: string): void {
  const left = readProcess(folder);
  // With an outcome it has ended here, and may be at work elsewhere.
  if (left === undefined || left.started === '' || readOutcome(folder) !== undefined) return;
  for (let waited = 0; startOf(left.pid) === left.started; waited += 5) {
    if (waited % 1_000 === 0) kill(left.pid);
    if (waited > 10_000) throw new Error(`process ${left.pid}, left by a killed run at ${folder}, does not end`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** A whole result whose runner died before it could keep it. */
function isFinished(folder: string, job: JobFile): boolean {
  if (readOutcome(folder)?.state !== 'done') return false;
  const made = readJob(folder);
  if (made.kind !== job.kind || made.version !== job.version) return false;
  return Object.values(job.outputs).every((path) => fs.existsSync(path));
}

function clearFolder(folder: string, keepHistory: boolean): void {
  // First, so that a removal that is killed does not leave half an output that counts as finished.
  fs.rmSync(jobPaths.outcome(folder), { force: true });
  const { log, progress } = jobPaths;
  const kept = keepHistory ? new Set([log(folder), progress(folder)]) : new Set<string>();
  for (const name of fs.readdirSync(folder)) {
    const path = join(folder, name);
    if (!kept.has(path)) removeTree(path);
  }
}

function hasFiles(folder: string): boolean {
  return fs.existsSync(folder) && fs.readdirSync(folder).length > 0;
}
