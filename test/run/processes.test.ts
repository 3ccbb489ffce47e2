import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startOf } from '../../src/process.ts';
import type { Event } from '../../src/run/event.ts';
import { openStore } from '../../src/store/sqlite.ts';
import type { Entry } from '../../src/store/store.ts';
import { layeredGraph, stageScript, writtenOut } from '../bench/layered.mjs';
import { ended, openRig, type Rig } from '../cli/rig.ts';
import { done, experimentOf, type Stages, told } from './rig.ts';

const runner = fileURLToPath(new URL('./fixtures/runner.mjs', import.meta.url));

let rig: Rig;
beforeEach(() => {
  rig = openRig();
});
afterEach(() => rig.close());

/** A runner of its own process over the kinds of the tests; `seen` is called with every event as it comes. */
function startRunner(stages: Stages, seen: (event: Event, child: ChildProcess) => void = () => {}) {
  writeFileSync(join(rig.folder, 'experiment.json'), JSON.stringify(experimentOf(stages)));
  const args = [runner, join(rig.folder, 'cache'), join(rig.folder, 'experiment.json')];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const events: Event[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    const event = JSON.parse(line) as Event;
    events.push(event);
    seen(event, child);
  });
  return once(child, 'close').then(() => events);
}

/** What a stage left, as the store has it. */
function contentOf(id: string): string {
  const store = openStore(join(rig.folder, 'cache'), 'write');
  try {
    const entry = store.last('trial', id) as Entry;
    return readFileSync(store.path(entry.outputs['out'] as Entry['outputs'][string]), 'utf8');
  } finally {
    store.close();
  }
}

const until = async (condition: () => boolean): Promise<void> => {
  const limit = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > limit) throw new Error('waited 10 s in vain');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};
const linesOf = (name: string): readonly string[] =>
  existsSync(join(rig.folder, name)) ? readFileSync(join(rig.folder, name), 'utf8').split('\n').filter(Boolean) : [];

describe('a runner that is killed (SIGKILL)', () => {
  it('takes its workers along, and the next run goes on from the checkpoint to the same result', async () => {
    const log = join(rig.folder, 'log');
    const stages: Stages = {
      slow: ['count', { steps: 150, pause: 10, log }],
      next: ['write', { text: '!', log, name: 'next' }, ['slow']],
    };
    let worker = 0;
    const killed = await startRunner(stages, (event, child) => {
      if (event.type !== 'progress' || event.step < 10) return;
      worker = workerOf(event.stage);
      child.kill('SIGKILL');
    });
    expect(told(killed, 'finished')).toEqual([]);
    await until(() => startOf(worker) === undefined);
    const again = await startRunner(stages);
    expect(again.find((event) => event.type === 'started')).toMatchObject({ stage: 'slow', resumed: true });
    expect(done(again)).toMatchObject({ outcome: 'complete', ran: 2 });
    expect(contentOf('next')).toBe('counted to 150!');
    const [first, second] = linesOf('log');
    expect(first).toBe('from 0');
    expect(Number(second?.split(' ')[1])).toBeGreaterThan(8);
  });

  it('takes its programs along', async () => {
    rig.write('a.yaml', 'name: a\nstages:\n  s: { kind: command, run: "echo $$ > pid; sleep 60", outputs: [out] }\n');
    const child = rig.start(['run', 'a.yaml']);
    await until(() => linesOf('pid').length > 0);
    const pid = Number(linesOf('pid')[0]);
    expect(startOf(pid)).toBeDefined();
    child.kill('SIGKILL');
    await until(() => startOf(pid) === undefined);
  });

  it('loses nothing that was stored: the next run repeats at most what was at work', async () => {
    rig.write('stage.sh', stageScript);
    rig.write('a.yaml', writtenOut(layeredGraph(60)));
    const child = rig.start(['run', 'a.yaml', '--jobs', '2']);
    await until(() => linesOf('run.log').length >= 20);
    child.kill('SIGKILL');
    await once(child, 'close');
    const { code, out } = await rig.sea('run', 'a.yaml', '--jobs', '2');
    expect([code, out]).toEqual([0, expect.stringContaining('complete')]);
    const lines = linesOf('run.log');
    expect(new Set(lines).size).toBe(60);
    // two at work, and the two before them, whose results were being kept
    expect(lines.length).toBeLessThanOrEqual(64);
    expect((await rig.sea('verify')).code).toBe(0);
  });
});

describe('a worker that is killed', () => {
  it('fails its stage with the reason and no other', async () => {
    const events = await startRunner({
      bad: ['die', {}],
      fine: ['count', { steps: 20 }],
      behind: ['write', { text: '' }, ['bad']],
    });
    const failed = events.find((event) => event.type === 'failed');
    expect(failed?.type === 'failed' && failed.failure.message).toMatch(/^the stage was lost: its process was killed/);
    expect(failed?.type === 'failed' && failed.failure.tail).toContain('last words');
    expect(told(events, 'finished')).toEqual(['fine']);
    expect(told(events, 'blocked')).toEqual(['behind']);
  });
});

describe('two runs at once on one cache', () => {
  it('run every stage once between them, and both end complete', async () => {
    rig.write('stage.sh', stageScript);
    rig.write('a.yaml', writtenOut(layeredGraph(60)));
    const runs = await Promise.all([1, 2].map(() => rig.sea('run', 'a.yaml', '--jobs', '2')));
    expect(runs.map(({ code, err }) => [code, err])).toEqual([
      [0, ''],
      [0, ''],
    ]);
    expect([...linesOf('run.log')].sort()).toEqual(
      layeredGraph(60)
        .map(({ id }) => id)
        .sort(),
    );
  });

  it('wait for one another: the second reuses what the first is making', async () => {
    rig.write(
      'a.yaml',
      'name: a\nstages:\n  s: { kind: command, run: "echo x >> ran; sleep 0.7; echo x > {output.out}", outputs: [out] }\n',
    );
    const first = ended(rig.start(['run', 'a.yaml']));
    await until(() => linesOf('ran').length > 0);
    const second = await rig.sea('run', 'a.yaml', '--json');
    expect((await first).code).toBe(0);
    const events = second.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Event);
    expect(told(events, 'waiting')).toEqual(['s']);
    expect(told(events, 'reused')).toEqual(['s']);
    expect(linesOf('ran')).toEqual(['x']);
  });
});

describe('Ctrl-C', () => {
  const start = (line: string): ChildProcess => {
    rig.write('a.yaml', `name: a\nstages:\n  s: { kind: command, run: '${line}', outputs: [out] }\n`);
    return rig.start(['run', 'a.yaml', '--json']);
  };

  it('asks programs to end and exits with 130; the next run starts the stage again', async () => {
    const child = start(
      'trap "echo asked >> said; exit 1" TERM; echo x >> ran; sleep 0.3 & wait; sleep 5 & wait; echo > {output.out}',
    );
    const result = ended(child);
    await until(() => linesOf('ran').length > 0);
    child.kill('SIGINT');
    const { code, out } = await result;
    expect(code).toBe(130);
    expect(linesOf('said')).toEqual(['asked']);
    const events = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Event);
    expect(done(events)).toMatchObject({ outcome: 'stopped', ran: 0, failed: 0 });
  });

  it('pressed twice ends a program that does not listen', async () => {
    const child = start('trap "" TERM; echo $$ >> ran; sleep 60; echo > {output.out}');
    const result = ended(child);
    await until(() => linesOf('ran').length > 0);
    const pid = Number(linesOf('ran')[0]);
    child.kill('SIGINT');
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(startOf(pid)).toBeDefined();
    const began = Date.now();
    child.kill('SIGINT');
    expect((await result).code).toBe(130);
    expect(Date.now() - began).toBeLessThan(3_000);
    await until(() => startOf(pid) === undefined);
  });
});

/** The process that works on a stage of the runner. */
function workerOf(stage: string): number {
  const jobs = join(rig.folder, 'cache/jobs');
  for (const prefix of readdirSync(jobs)) {
    for (const key of readdirSync(join(jobs, prefix))) {
      const read = (name: string) =>
        JSON.parse(readFileSync(join(jobs, prefix, key, name), 'utf8')) as Record<string, unknown>;
      if (read('job.json')['stage'] === stage) return Number(read('process.json')['pid']);
    }
  }
  throw new Error(`no job folder of ${stage}`);
}
