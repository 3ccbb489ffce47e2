import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Executor } from '../../src/executors/executor.ts';
import { createInlineExecutor } from '../../src/executors/inline.ts';
import { readJob, writeOutcome } from '../../src/job/folder.ts';
import type { Entry } from '../../src/store/store.ts';
import { removeTree } from '../../src/store/tree.ts';
import { kinds } from '../executors/fixtures/kinds.mjs';
import { createRig, done, type Rig, type Stages, told } from './rig.ts';

let rig: Rig;
let log: string;
beforeEach(() => {
  rig = createRig();
  log = join(rig.root, 'log');
  writeFileSync(log, '');
});
afterEach(() => rig.close());

const write = (name: string, text: string, inputs: readonly string[] = []): Stages[string] => [
  'write',
  { text, name, log },
  inputs,
];
const chain = (first: string): Stages => ({
  a: write('a', first),
  b: write('b', 'b', ['a']),
  c: write('c', 'c', ['b']),
});
/** What stages noted since the last call. */
const ran = (): readonly string[] => {
  const lines = readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  writeFileSync(log, '');
  return lines;
};
const textOf = (id: string): string => {
  const entry = rig.store.last('trial', id) as Entry;
  return readFileSync(rig.store.path(entry.outputs['out'] as Entry['outputs'][string]), 'utf8');
};

describe('a run', () => {
  it('makes every stage after its inputs and tells so', async () => {
    const events = await rig.run({ ...chain('a'), d: write('d', 'd', ['a', 'c']) });
    expect(textOf('d')).toBe('aabcd');
    expect(ran()).toEqual(['a', 'b', 'c', 'd']);
    expect(told(events, 'finished')).toEqual(['a', 'b', 'c', 'd']);
    expect(done(events)).toMatchObject({ outcome: 'complete', ran: 4, reused: 0, failed: 0, blocked: 0 });
    expect(events[0]).toMatchObject({ type: 'planned', stages: 4, run: 1, depends: 3 });
  });

  it('starts the stages first that most others wait behind', async () => {
    const stages = { short: write('short', 's'), other: write('other', 'o'), ...chain('a') };
    await rig.run(stages, { jobs: 1 });
    const order = ran();
    expect(order[0]).toBe('a');
    expect(order.indexOf('b')).toBeLessThan(order.indexOf('other'));
  });

  it('runs nothing the second time', async () => {
    await rig.run(chain('a'));
    ran();
    const events = await rig.run(chain('a'));
    expect(ran()).toEqual([]);
    expect(told(events, 'reused')).toEqual(['a', 'b', 'c']);
    expect(done(events)).toMatchObject({ outcome: 'complete', ran: 0, reused: 3 });
  });

  it('runs what a change reaches and says why', async () => {
    await rig.run(chain('a'));
    ran();
    const events = await rig.run({ ...chain('a'), b: write('b', 'B', ['a']) });
    expect(ran()).toEqual(['b', 'c']);
    const why = events.flatMap((event) => (event.type === 'started' ? [[event.stage, event.why]] : []));
    expect(why).toEqual([
      ['b', 'params-changed'],
      ['c', 'input-changed'],
    ]);
  });

  it('stops where a stage that ran again gives the same bytes', async () => {
    await rig.run(chain('a'));
    ran();
    const events = await rig.run({ ...chain('a'), a: ['write', { text: 'a', name: 'a', log, unlike: 'before' }] });
    expect(ran()).toEqual(['a']);
    expect(told(events, 'reused')).toEqual(['b', 'c']);
  });

  it('makes a key once that several stages turn out to share', async () => {
    const events = await rig.run({
      a: ['write', { text: 'same', name: 'a', log, unlike: 1 }],
      b: ['write', { text: 'same', name: 'b', log, unlike: 2 }],
      c: ['write', { text: 'x', name: 'c or d', log }, ['a']],
      d: ['write', { text: 'x', name: 'c or d', log }, ['b']],
    });
    expect(ran().filter((line) => line === 'c or d')).toHaveLength(1);
    expect(done(events)).toMatchObject({ ran: 3, reused: 1, outcome: 'complete' });
  });

  it('blocks only what depends on a stage that failed', async () => {
    const events = await rig.run({
      a: write('a', 'a'),
      bad: ['fail', { log }, ['a']],
      behind: write('behind', 'x', ['bad']),
      further: write('further', 'x', ['behind', 'a']),
      other: write('other', 'o', ['a']),
    });
    expect(told(events, 'failed')).toEqual(['bad']);
    expect(told(events, 'blocked')).toEqual(['behind', 'further']);
    expect(textOf('other')).toBe('ao');
    expect(done(events)).toMatchObject({ outcome: 'failed', ran: 2, failed: 1, blocked: 2 });
    const failed = events.find((event) => event.type === 'failed');
    expect(failed?.type === 'failed' && failed.failure).toMatchObject({ message: 'it failed on purpose' });
    expect(failed?.type === 'failed' && failed.failure.tail[0]).toBe('about to fail');
  });

  it('stops at the first failure when it is asked to', async () => {
    const events = await rig.run(
      { bad: ['fail', {}], slow: ['count', { steps: 5000 }], later: write('later', 'x') },
      { failFast: true, jobs: 2 },
    );
    expect(ran()).toEqual([]);
    expect(told(events, 'stopped')).toEqual(['slow']);
    expect(done(events)).toMatchObject({ outcome: 'failed', failed: 1, ran: 0 });
  });

  it('fails a stage that does not make its output, and tries again the next time', async () => {
    for (const _ of [1, 2]) {
      const events = await rig.run({ a: ['nothing', {}] });
      const failed = events.find((event) => event.type === 'failed');
      expect(failed?.type === 'failed' && failed.failure.problems[0]?.code).toBe('missing-output');
    }
  });

  it('runs a forced stage again, and what follows only if its bytes changed', async () => {
    await rig.run(chain('a'));
    ran();
    const events = await rig.run(chain('a'), { force: ['a'] });
    expect(ran()).toEqual(['a']);
    expect(told(events, 'reused')).toEqual(['b', 'c']);
  });

  it('makes an output again that is gone from the store', async () => {
    await rig.run(chain('a'));
    ran();
    removeTree(rig.store.path((rig.store.last('trial', 'b') as Entry).outputs['out'] as Entry['outputs'][string]));
    const events = await rig.run(chain('a'));
    expect(ran()).toEqual(['b']);
    expect(events.find((event) => event.type === 'started')).toMatchObject({ stage: 'b', why: 'evicted' });
  });

  it('fails a stage whose source changed while it ran', async () => {
    const source = join(rig.root, 'source');
    writeFileSync(source, 'before');
    const stages: Stages = { a: ['count', { steps: 30, source }] };
    const events = [];
    for await (const event of rig.start(stages)) {
      events.push(event);
      if (event.type === 'started') appendFileSync(source, ' and after');
    }
    const failed = events.find((event) => event.type === 'failed');
    expect(failed?.type === 'failed' && failed.failure.problems[0]?.code).toBe('source-changed');
    expect(done(await rig.run(stages))).toMatchObject({ outcome: 'complete', ran: 1 });
  });

  it('waits for a stage that another process makes, does other work meanwhile, and reuses the result', async () => {
    const step = (await rig.plan(chain('a'))).steps[0];
    const key = step?.key as NonNullable<typeof step>['key'] & string;
    const lease = rig.store.begin(key);
    const made = join(rig.root, 'made');
    writeFileSync(made, 'a');
    const { outputs: _, ...entry } = await otherEntry(rig);
    const events = [];
    for await (const event of rig.start({ ...chain('a'), other: write('other', 'o') })) {
      events.push(event);
      if (event.type === 'finished' && event.stage === 'other') {
        await rig.store.commit(
          lease as NonNullable<typeof lease>,
          { ...entry, key, stage: 'a', name: 'a' },
          { out: made },
        );
      }
    }
    expect(told(events, 'waiting')).toEqual(['a']);
    expect(told(events, 'reused')).toEqual(['a']);
    expect(ran()).toEqual(['elsewhere', 'other', 'b', 'c']);
  });

  it('makes a stage itself when the other process gave it up', async () => {
    const key = (await rig.plan(chain('a'))).steps[0]?.key;
    const lease = rig.store.begin(key as NonNullable<typeof key>);
    setTimeout(() => lease?.release(), 150);
    const events = await rig.run(chain('a'));
    expect(told(events, 'waiting')).toEqual(['a']);
    expect(ran()).toEqual(['a', 'b', 'c']);
  });

  it('stops cleanly, keeps the checkpoint and goes on from it', async () => {
    const stages: Stages = { slow: ['count', { steps: 60, log }], next: write('next', '!', ['slow']) };
    const stop = new AbortController();
    const events = [];
    for await (const event of rig.start(stages, { stop: stop.signal })) {
      events.push(event);
      if (event.type === 'progress') stop.abort();
    }
    expect(told(events, 'stopping')).toHaveLength(1);
    expect(done(events)).toMatchObject({ outcome: 'stopped', ran: 0, failed: 0 });
    const again = await rig.run(stages);
    expect(again.find((event) => event.type === 'started')).toMatchObject({ stage: 'slow', resumed: true });
    expect(textOf('next')).toBe('counted to 60!');
    const [first, second] = ran();
    expect(first).toBe('from 0');
    expect(second).not.toBe('from 0');
  });

  it('ends at once on the second signal', async () => {
    const stop = new AbortController();
    const kill = new AbortController();
    const events = [];
    const signals = { stop: stop.signal, kill: kill.signal };
    for await (const event of rig.start({ deaf: ['count', { steps: 300, deaf: true }] }, signals)) {
      events.push(event);
      if (event.type === 'progress') stop.abort();
      if (event.type === 'stopping') kill.abort();
    }
    expect(events.flatMap((event) => (event.type === 'stopping' ? [event.force] : []))).toEqual([false, true]);
    expect(done(events)).toMatchObject({ outcome: 'stopped', ran: 0 });
  });

  it('keeps a result that a killed run had finished but not stored', async () => {
    const stages = chain('a');
    const step = (await rig.plan(stages)).steps[0];
    const folder = rig.store.jobFolder(step?.key as NonNullable<NonNullable<typeof step>['key']>);
    await leaveFinished(folder, stages);
    const events = await rig.run(stages);
    expect(ran()).toEqual(['b', 'c']);
    expect(textOf('c')).toBe('abc');
    expect(events.find((event) => event.type === 'started')).toMatchObject({ stage: 'a', resumed: true });
  });

  it('tells progress with its values', async () => {
    const events = await rig.run({ slow: ['count', { steps: 60 }] });
    const last = events.filter((event) => event.type === 'progress').at(-1);
    expect(last).toMatchObject({ stage: 'slow', step: 60, of: 60, values: { square: 59 * 59 } });
  });

  it('leaves the log and the request of a job, but not its outputs', async () => {
    await rig.run(chain('a'));
    const folder = rig.store.jobFolder((rig.store.last('trial', 'a') as Entry).key);
    expect(readJob(folder).stage).toBe('a');
    expect(existsSync(join(folder, 'log'))).toBe(true);
    expect(existsSync(join(folder, 'output.out'))).toBe(false);
  });
});

/** An entry of this very kind, made by a run of its own. */
async function otherEntry(rig: Rig): Promise<Entry> {
  await rig.run({ elsewhere: ['write', { text: 'elsewhere', name: 'elsewhere', log }] });
  return rig.store.last('trial', 'elsewhere') as Entry;
}

/** The job folder of stage `a` as a runner leaves it that dies between the outcome and the commit. */
async function leaveFinished(folder: string, stages: Stages): Promise<void> {
  const [kind, params] = stages['a'] as Stages[string];
  mkdirSync(folder, { recursive: true });
  const outputs = { out: join(folder, 'output.out') };
  writeFileSync(
    join(folder, 'job.json'),
    JSON.stringify({ stage: 'a', kind, version: 1, params, inputs: {}, outputs, scratch: join(folder, 'none') }),
  );
  writeFileSync(outputs.out, 'a');
  writeOutcome(folder, {
    state: 'done',
    startedAt: '2026-01-01T00:00:00Z',
    seconds: 1,
    engine: 'none',
    threads: 1,
    metrics: { length: 1 },
  });
}

/** An executor in this process that counts: `most` at work at once, and which stages were beside each other. */
function counting() {
  const inline = createInlineExecutor(kinds);
  const [now, seen] = [
    new Set<string>(),
    { most: 0, asked: new Map<string, number | undefined>(), pairs: new Set<string>() },
  ];
  const executor: Executor = {
    ...inline,
    async submit(folder, needs) {
      const { stage } = readJob(folder);
      for (const other of now) seen.pairs.add([stage, readJob(other).stage].sort().join(' '));
      now.add(folder);
      seen.most = Math.max(seen.most, now.size);
      seen.asked.set(stage, needs.memory);
      return inline.submit(folder, needs);
    },
    async poll(tickets) {
      const statuses = await inline.poll(tickets);
      for (const [ticket, { state }] of statuses) if (state === 'ended') now.delete(ticket);
      return statuses;
    },
  };
  return { executor, seen };
}

describe('the number of jobs', () => {
  it('is how many stages are at work at once, at most', async () => {
    const { executor, seen } = counting();
    const stages = Object.fromEntries(
      Array.from({ length: 12 }, (_, index) => [`s${index}`, ['count', { steps: 2 + index }] as const]),
    );
    await rig.run(stages, { executor, jobs: 3 });
    expect(seen.most).toBe(3);
  });
});

describe('memory', () => {
  const stages: Stages = Object.fromEntries(
    ['big', 'half', 'other half', 'none'].map((id, index) => [id, ['count', { steps: 10 + index }]]),
  );
  const needs = new Map([...Object.entries({ big: 9, half: 2, 'other half': 2, none: 0 })]);

  it('lets stages start beside each other only where they fit in it, and those that hold nothing always', async () => {
    const { executor, seen } = counting();
    expect(done(await rig.run(stages, { executor, jobs: 4, memory: { limit: 4, needs } })).ran).toBe(4);
    expect(seen.pairs).toContain('half other half');
    expect([...seen.pairs].filter((pair) => pair.includes('big') && pair.includes('half'))).toEqual([]);
    expect(seen.asked.get('big')).toBe(9);
  });

  it('that is not limited keeps no stage waiting', async () => {
    const { executor, seen } = counting();
    await rig.run(stages, { executor, jobs: 4 });
    expect(seen.most).toBe(4);
  });
});
