import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Event } from '../../src/run/event.ts';
import { openStore } from '../../src/store/sqlite.ts';
import type { Entry } from '../../src/store/store.ts';
import { removeTree } from '../../src/store/tree.ts';
import { done, experimentOf, type Stages, told } from './rig.ts';

const FILES = 60;
const runner = fileURLToPath(new URL('./fixtures/runner.mjs', import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'seagraph-sharing-'));
});
afterEach(() => removeTree(folder));

const log = (): string => join(folder, 'log');
const fill = (pause = 60): Stages => ({ fill: ['fill', { files: FILES, pause, log: log() }] });

/** A runner in a process of its own; `seen` is called with every event as it comes. */
function start(
  stages: Stages,
  { jobs = 2, cache = 'cache', seen = () => {} }: { jobs?: number; cache?: string; seen?: (event: Event) => void } = {},
): Readonly<{ child: ChildProcess; events: Promise<readonly Event[]> }> {
  writeFileSync(join(folder, 'experiment.json'), JSON.stringify(experimentOf(stages)));
  const args = [runner, join(folder, cache), join(folder, 'experiment.json'), String(jobs)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const events: Event[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    const event = JSON.parse(line) as Event;
    events.push(event);
    seen(event);
  });
  return { child, events: once(child, 'close').then(() => events) };
}

/** Which process began which file, in order. */
function begun(): readonly Readonly<{ file: number; pid: number }>[] {
  const lines = existsSync(log()) ? readFileSync(log(), 'utf8').trim().split('\n') : [];
  return lines.map((line) => {
    const [file, pid] = line.split(' ').map(Number);
    return { file: file as number, pid: pid as number };
  });
}

const makers = (): ReadonlySet<number> => new Set(begun().map(({ pid }) => pid));

async function until(condition: () => boolean): Promise<void> {
  const limit = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > limit) throw new Error('waited 20 s in vain');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Digest of what the stage left, and which part of the work its maker did. */
function result(cache = 'cache'): Readonly<{ digest: string | undefined; share: number | undefined }> {
  const store = openStore(join(folder, cache), 'write');
  try {
    const entry = store.last('trial', 'fill') as Entry;
    return { digest: entry.outputs['out'], share: entry.provenance.share };
  } finally {
    store.close();
  }
}

/** What one process makes alone. */
async function alone(): Promise<string | undefined> {
  expect(done(await start(fill(0), { jobs: 1, cache: 'alone' }).events)).toMatchObject({ outcome: 'complete' });
  expect(makers().size).toBe(1);
  writeFileSync(log(), '');
  return result('alone').digest;
}

describe('a stage whose work can be shared', () => {
  it('is made by the processes that have nothing else to do, to the same bytes', { timeout: 120_000 }, async () => {
    const expected = await alone();
    const events = await start(fill()).events;
    expect(told(events, 'helped')).toEqual(['fill']);
    expect(done(events)).toMatchObject({ outcome: 'complete', ran: 1 });
    expect(makers().size).toBe(2);
    expect(begun().map(({ file }) => file)).toHaveLength(FILES); // none twice
    const { digest, share } = result();
    expect(digest).toBe(expected);
    expect(share).toBeGreaterThan(0);
    expect(share).toBeLessThan(1);
  });

  it('loses nothing when a process that helps is killed', { timeout: 120_000 }, async () => {
    const expected = await alone();
    const { events } = start(fill());
    await until(() => makers().size === 2);
    const helper = [...makers()][1] as number;
    process.kill(helper, 'SIGKILL');
    expect(done(await events)).toMatchObject({ outcome: 'complete', ran: 1, failed: 0 });
    expect(result().digest).toBe(expected);
  });

  it('gives the slot back to a stage that wants it', { timeout: 120_000 }, async () => {
    const stages: Stages = {
      ...fill(200),
      first: ['count', { steps: 20, pause: 100 }],
      last: ['count', { steps: 2, pause: 10, after: 1 }, ['first']],
    };
    const { events } = start(stages, { jobs: 3 });
    await until(() => makers().size === 2);
    const all = await events;
    expect(done(all)).toMatchObject({ outcome: 'complete', ran: 3 });
    const order = all.flatMap((event) => (event.type === 'finished' ? [event.stage] : []));
    expect(order).toEqual(['first', 'last', 'fill']);
  });
});

describe('two runs on one cache', () => {
  it('share it too, and the second finishes what the first was killed at', { timeout: 120_000 }, async () => {
    const expected = await alone();
    const first = start(fill(150), { jobs: 1 });
    await until(() => begun().length > 3);
    const second = start(fill(150), { jobs: 1 });
    await until(() => makers().size === 2);
    first.child.kill('SIGKILL');
    const events = await second.events;
    expect(told(events, 'waiting')).toEqual(['fill']);
    expect(told(events, 'helped')).toEqual(['fill']);
    expect(told(events, 'finished')).toEqual(['fill']);
    expect(result().digest).toBe(expected);
  });
});
