import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { stream } from '../../src/data/random.ts';
import type { Event } from '../../src/run/event.ts';
import { openStore } from '../../src/store/sqlite.ts';
import { removeTree } from '../../src/store/tree.ts';
import { openRig, type Rig } from '../cli/rig.ts';

const run = ['run', 'training.yaml', '--jobs', '2', '--threads', '1', '--json'];
const stages = 22;

let rig: Rig;
let undisturbed: Awaited<ReturnType<typeof results>>;
/** milliseconds of an undisturbed run on this machine */
let usual: number;

beforeAll(async () => {
  rig = openRig();
  rig.write('training.yaml', readFileSync(new URL('training.yaml', import.meta.url), 'utf8'));
  const begun = performance.now();
  const { code, err } = await rig.sea(...run);
  usual = performance.now() - begun;
  expect([code, err]).toEqual([0, '']);
  undisturbed = await results();
  expect(Object.keys(undisturbed.outputs)).toHaveLength(stages);
}, 300_000);
afterAll(() => rig.close());
beforeEach(() => removeTree(join(rig.folder, 'cache')));

/** The numbers of the table, and what every stage left: digests of its outputs and metrics that are no times. */
async function results() {
  const { code, out } = await rig.sea('table', 'training.yaml', '--json');
  expect(code).toBe(0);
  const { tables } = JSON.parse(out) as { tables: { rows: { name: string; cells: { mean: number }[] }[] }[] };
  const table = tables.flatMap(({ rows }) => rows.map(({ name, cells }) => [name, ...cells.map(({ mean }) => mean)]));
  const store = openStore(join(rig.folder, 'cache'), 'write');
  try {
    const entries = [...store.entries()];
    const outputs = Object.fromEntries(entries.map(({ stage, outputs }) => [stage, outputs]));
    const metrics = Object.fromEntries(
      entries.map(({ stage, metrics }) => [
        stage,
        Object.fromEntries(Object.entries(metrics).filter(([name]) => !name.startsWith('seconds'))),
      ]),
    );
    return { table, outputs, metrics };
  } finally {
    store.close();
  }
}

type Watched = Readonly<{ code: number | null; events: readonly Event[]; seconds: number }>;

/** Runs to the end and collects the events; `at` is called at each, `seconds` count from the moment it returned true. */
async function watch(at: (event: Event, child: ChildProcess) => boolean = () => false): Promise<Watched> {
  const child = rig.start(run);
  const closed = once(child, 'close');
  const events: Event[] = [];
  let since = Number.NaN;
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    const event = JSON.parse(line) as Event;
    events.push(event);
    if (Number.isNaN(since) && at(event, child)) since = performance.now();
  }
  const [code] = (await closed) as [number | null];
  return { code, events, seconds: (performance.now() - since) / 1000 };
}

const started = (events: readonly Event[], stage: string) =>
  events.find((event) => event.type === 'started' && event.stage === stage);
const outcome = (events: readonly Event[]) => events.find((event) => event.type === 'done')?.outcome;
const isAtWork = (event: Event, stage: string) =>
  event.type === 'progress' && event.stage === stage && event.step >= 10;

describe('random kill -9 of a training experiment', () => {
  it('20 times, at any moment, ends in the identical table', { timeout: 1_200_000 }, async () => {
    const random = stream(20, 'kill training');
    const resumed = new Set<string>();
    let kills = 0;
    while (kills < 20) {
      removeTree(join(rig.folder, 'cache'));
      for (let ended = false; !ended; ) {
        const patience = (0.05 + 0.25 * random.next()) * usual;
        let timer: NodeJS.Timeout | undefined;
        const { code, events } = await watch((event, child) => {
          if (event.type === 'planned' && kills < 20) timer = setTimeout(() => child.kill('SIGKILL'), patience);
          return false;
        });
        clearTimeout(timer);
        for (const event of events) if (event.type === 'started' && event.resumed) resumed.add(event.stage);
        expect(events.filter((event) => event.type === 'failed')).toEqual([]);
        ended = code === 0;
        if (!ended) expect(code).toBeNull();
        if (!ended) kills += 1;
      }
      expect(await results()).toEqual(undisturbed);
      expect((await rig.sea('verify')).code).toBe(0);
    }
    // Kills that hit nothing would prove nothing.
    expect(resumed.size).toBeGreaterThan(0);
  });
});

describe('Ctrl-C during training', () => {
  it('stops a stage with a checkpoint, from which the next run goes on, to the same table', {
    timeout: 600_000,
  }, async () => {
    let before: string | undefined;
    for (const stage of ['language', 'encoder', 'pretrain[+SEA]', 'finetune[+SEA]', undefined]) {
      const { code, events, seconds } = await watch(
        (event, child) => stage !== undefined && isAtWork(event, stage) && child.kill('SIGINT'),
      );
      if (before !== undefined) expect(started(events, before)).toMatchObject({ resumed: true });
      expect([stage, code, outcome(events)]).toEqual(
        stage === undefined ? [stage, 0, 'complete'] : [stage, 130, 'stopped'],
      );
      if (stage !== undefined) expect(seconds).toBeLessThan(20);
      before = stage;
    }
    expect(await results()).toEqual(undisturbed);
  });

  it('a second time ends everything at once, and the next run still comes to the same table', {
    timeout: 300_000,
  }, async () => {
    const ended = await watch((event, child) => {
      if (!isAtWork(event, 'language')) return false;
      child.kill('SIGINT');
      setTimeout(() => child.kill('SIGINT'), 5);
      return true;
    });
    expect(ended.code).toBe(130);
    expect(ended.seconds).toBeLessThan(3);
    expect((await watch()).code).toBe(0);
    expect(await results()).toEqual(undisturbed);
  });
});
