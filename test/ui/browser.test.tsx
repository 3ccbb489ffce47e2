import { join } from 'node:path';
import { render } from 'ink-testing-library';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { costText } from '../../src/cli/browsing.ts';
import { detailOf } from '../../src/cli/detail.ts';
import { openExperiment } from '../../src/cli/experiment.ts';
import { observe } from '../../src/cli/observe.ts';
import { openSession } from '../../src/cli/session.ts';
import { Browser } from '../../src/ui/browse/browser.tsx';
import { settled } from '../../src/ui/browse/cursor.ts';
import { reduce } from '../../src/ui/browse/reduce.ts';
import { type Action, type Effect, initialState } from '../../src/ui/browse/state.ts';
import type { Detail, ItemState, Open, StageItem, World } from '../../src/ui/browse/world.ts';
import { openRig, type Rig } from '../cli/rig.ts';
import { threeRows } from './three-rows.ts';

const experiment = threeRows('tiny', []);

let rig: Rig;
/** The experiment before anything ran, after a run with a failure, and after a change of its file since. */
let never: Open;
let failed: Open;
let stale: Open;

beforeAll(async () => {
  rig = openRig();
  rig.write('a.yaml', experiment);
  never = await look('a.yaml');
  await rig.sea('run', 'a.yaml');
  failed = await look('a.yaml');
  rig.write('b.yaml', experiment.replace("RATE: '3'", "RATE: '4'"));
  stale = await look('b.yaml');
}, 120_000);
afterAll(() => rig.close());

async function look(file: string): Promise<Open> {
  const cache = join(rig.folder, 'cache');
  const { experiment, plan, store } = await openSession(await openExperiment(join(rig.folder, file), cache), cache);
  try {
    return observe(experiment, plan, store);
  } finally {
    store.close();
  }
}

/** What the panes of a stage show on a window of 80 columns. */
async function detail(open: Open, stage: string): Promise<Detail> {
  const cache = join(rig.folder, 'cache');
  const { store } = await openSession(open.experiment, cache);
  try {
    const found = detailOf(open, stage, store, { style: 'plain', width: 78 });
    if (found === undefined) throw new Error(`no stage ${stage}`);
    return found;
  } finally {
    store.close();
  }
}

const worldOf = (open: Open, more: Partial<World> = {}): World => ({
  ...{ experiments: [], file: 'a.yaml', open, problems: [], ...more },
});

/** One stage as another process is making it. */
function atWork(open: Open, id: string): Open {
  const change = (item: StageItem): StageItem =>
    item.id === id ? { ...item, state: 'running' satisfies ItemState, progress: { step: 30, of: 120 } } : item;
  const stages = open.stages.map(change);
  return {
    ...open,
    stages,
    items: new Map(stages.map((item) => [item.id, item])),
    states: new Map([...open.states, [id, 'running']]),
  };
}

/** Until React has done what it put off: where the machine is busy, a timer alone may come before. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 20));
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
}

/** The browser as it is on a window of 80 x 24, with its keys. */
function start(world: World) {
  let state = reduce(initialState({ columns: 80, rows: 24 }), { type: 'opened' }, world).state;
  const effects: Effect[] = [];
  const node = () => <Browser state={state} world={world} style="plain" onKey={(key) => act({ type: 'key', key })} />;
  const act = (action: Action) => {
    const turn = reduce(state, action, world);
    state = settled(turn.state, world);
    if (turn.effect !== undefined) effects.push(turn.effect);
    screen.rerender(node());
  };
  const screen = render(node());
  return {
    effects,
    act,
    shown: () => screen.lastFrame() ?? '',
    async type(keys: string) {
      await settle(); // the component listens after React's effects
      screen.stdin.write(keys);
      await settle();
    },
    close: screen.unmount,
  };
}

/** What stands on the screen after these keys. */
async function shownAfter(keys: string, world: World): Promise<string> {
  const browser = start(world);
  try {
    if (keys !== '') await browser.type(keys);
    return browser.shown();
  } finally {
    browser.close();
  }
}

describe('the browser', () => {
  test('of an experiment that never ran shows every cell queued', async () => {
    const shown = await shownAfter('', worldOf(never));
    expect(shown).toMatch(/7 to run|1 to run · 6 waits/);
    expect(shown).toMatch(/› Baseline +\[ *·\]/);
    expect(await shownAfter('3', worldOf(never))).toContain('this experiment has left nothing in the cache');
  });

  test('marks the cell of a failure, tells what stands behind it, and ! goes to its log', async () => {
    const shown = await shownAfter('', worldOf(failed));
    expect(shown).toMatch(/Broken +✗/);
    expect(shown).toContain('1 failed');
    const stages = await shownAfter('2', worldOf(failed));
    expect(stages).toMatch(/train\[Broken\] +✗ failed/);
    expect(stages).toContain('exit code 3');
    expect(await shownAfter('!', worldOf(failed))).toMatch(/train\[Broken\].*failed\n.*\[log\]/);
    expect(await shownAfter('!', worldOf(never))).toContain('no stage has failed');
  });

  test('shows how far a stage at work is', async () => {
    const world = worldOf(atWork(failed, 'train[Broken]'), { run: { process: 'process 7' } });
    expect(await shownAfter('', world)).toMatch(/Broken +▸/);
    expect(await shownAfter('2', world)).toMatch(/train\[Broken\] +▸ running +25 %/);
    expect(await shownAfter('x', world)).toContain('process 7 started this run: stop it there, with Ctrl-C');
  });

  test('keeps a number that is stale, with its sign, and says why it will be made again', async () => {
    const shown = await shownAfter('', worldOf(stale));
    expect(shown).toMatch(/Better +53\.5~/);
    expect(shown).toContain('~ stale: measured before its stages changed');
    expect(await shownAfter('2', worldOf(stale))).toMatch(/train\[Better\] +\+ to run/);
    expect(await shownAfter('jjo', worldOf(stale))).toMatch(/train\[Better\].*to run\n.*\[log\]/);
  });

  test('goes to the last column and to the first with one key each', async () => {
    const columns = ['A', 'B', 'C'].map((label) => `{ stage: score, metric: accuracy, label: ${label} }`);
    rig.write('c.yaml', experiment.replace(/columns: \[.*?\]/, `columns: [${columns.join(', ')}]`));
    const world = worldOf(await look('c.yaml'));
    expect(await shownAfter('$', world)).toMatch(/› Baseline +51\.5 +51\.5 +\[51\.5/);
    expect(await shownAfter('$^', world)).toMatch(/› Baseline +\[51\.5/);
  });

  test('shows all of a long line, in the pieces that the window is wide enough for', async () => {
    const value = 'first lines of a note that no window of eighty columns has room for, and then its last words';
    rig.write('d.yaml', experiment.replace("RATE: '3'", `NOTE: '${value}'`));
    const open = await look('d.yaml');
    const world = worldOf(open, { detail: await detail(open, 'train[Better]') });
    const shown = await shownAfter('jjw', world);
    expect(shown).toMatch(/ {4}env\.NOTE: \(not set\) → first lines of a note .*\n {6}.* and then its last words\n/);
    expect(Math.max(...shown.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(await shownAfter('jj=', world)).toContain('its last words');
  });

  test('asks a question that is longer than the window in several lines', async () => {
    const browser = start(worldOf(never));
    try {
      const text = `${'train[a name that takes the whole of a line] runs again; '.repeat(3)}Start?`;
      browser.act({ type: 'ask', question: { text, effect: { type: 'start' } } });
      const lines = browser.shown().split('\n');
      expect(
        lines
          .slice(-4, -1)
          .map((line) => line.trim())
          .join(' '),
      ).toBe(text);
      expect(lines.at(-1)).toBe('y yes   any other key no');
      expect(lines).toHaveLength(23);
    } finally {
      browser.close();
    }
  });

  test('finds a column by its name and sorts by it, also where all keys come at once', async () => {
    const columns = ['A', 'B', 'POPE'].map((label) => `{ stage: score, metric: accuracy, label: ${label} }`);
    rig.write('e.yaml', experiment.replace(/columns: \[.*?\]/, `columns: [${columns.join(', ')}]`));
    const world = worldOf(await look('e.yaml'));
    const shown = await shownAfter('/pope\rs', world);
    expect(shown).toMatch(/POPE▾/);
    expect(shown).toMatch(/› Better +53\.5\* .*53\.5\* .*\[53\.5\*/);
    expect(shown).toMatch(/Baseline +51\.5/);
    const rows = await shownAfter('/broken\r', world);
    expect(rows).toMatch(/› Broken +\[✗\]/);
    expect(rows).not.toMatch(/^ +Baseline/m);
    expect(await shownAfter('/zebra\r', world)).toContain('no row and no column has this in its name');
  });

  test('goes to the first line that has what is searched, and marks it', async () => {
    const world = worldOf(failed, { detail: await detail(failed, 'train[Broken]') });
    expect(await shownAfter('!/memory', world)).toMatch(/\n› out of memory\n/);
  });

  test('says where a search finds nothing, and Esc shows all again', async () => {
    const browser = start(worldOf(failed));
    try {
      await browser.type('2');
      await browser.type('/');
      await browser.type('zebra');
      expect(browser.shown()).toContain('no stage');
      expect(browser.shown()).toContain('/zebra');
      await browser.type('\u001B');
      expect(browser.shown()).toContain('train[Better]');
    } finally {
      browser.close();
    }
  });

  test('lists its keys, and any key goes back', async () => {
    const browser = start(worldOf(failed));
    try {
      const before = browser.shown();
      await browser.type('?');
      expect(browser.shown()).toMatch(/here \(table\).*everywhere/);
      await browser.type('z');
      expect(browser.shown()).toBe(before);
    } finally {
      browser.close();
    }
  });

  test('asks before it starts, with what that costs; anything but y is no', async () => {
    const browser = start(worldOf(never));
    try {
      await browser.type('r');
      expect(browser.effects).toEqual([{ type: 'price' }]);
      const question = { text: costText(never.plan, undefined, []), effect: { type: 'start' } } as const;
      browser.act({ type: 'ask', question });
      expect(browser.shown()).toContain('7 stages to run, 7 stages never timed here; 0 cached. Start?');
      await browser.type('n');
      expect(browser.effects).toHaveLength(1);
      browser.act({ type: 'ask', question });
      await browser.type('y');
      expect(browser.effects.at(-1)).toEqual({ type: 'start' });
    } finally {
      browser.close();
    }
  });

  test('starts beside the run of another process and says what it waits for, but no second run of its own', async () => {
    const open = atWork(failed, 'train[Broken]');
    const browser = start(worldOf(open, { run: { process: 'process 7' } }));
    try {
      await browser.type('r');
      expect(browser.effects).toEqual([{ type: 'price' }]);
      const told = costText(open.plan, undefined, ['train[Broken]']);
      expect(told).toMatch(/2 stages to run.* Another process makes train\[Broken\]: waited for\. Start\?/);
      const forced = costText(open.plan, 'train[Broken]', ['train[Broken]']);
      expect(forced).toMatch(/^train\[Broken\] runs again when the other process has made it; with what may follow /);
    } finally {
      browser.close();
    }
    for (const keys of ['r', 'f', '2f'])
      expect(await shownAfter(keys, worldOf(open, { run: 'own' })), keys).toContain('x stops it');
  });

  test('shows the mistakes of a file that cannot be opened', async () => {
    const problems = [{ code: 'unknown-key', message: 'stages has no "trian"', hint: 'did you mean train?' }];
    const shown = await shownAfter('', { experiments: [], file: 'a.yaml', problems });
    expect(shown).toContain('1 problem');
    expect(shown).toContain('did you mean train?');
  });

  test('never is wider or higher than its window', async () => {
    for (const keys of ['', '2', '3', '?', 'w', 'i', '=', 'j=']) {
      const lines = (await shownAfter(keys, worldOf(stale))).split('\n');
      expect(lines.length, keys).toBeLessThanOrEqual(24);
      expect(Math.max(...lines.map((line) => line.length)), keys).toBeLessThanOrEqual(80);
    }
  });
});
