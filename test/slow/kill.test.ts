import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stream } from '../../src/data/random.ts';
import { openStore } from '../../src/store/sqlite.ts';
import { removeTree } from '../../src/store/tree.ts';
import { layeredGraph, stageScript, writtenOut } from '../bench/layered.mjs';
import { openRig, type Rig } from '../cli/rig.ts';

let rig: Rig;
beforeEach(() => {
  rig = openRig();
  rig.write('stage.sh', stageScript);
  rig.write('a.yaml', writtenOut(layeredGraph(80)));
});
afterEach(() => rig.close());

/** Content of every stage's output, by stage. */
function results(): Readonly<Record<string, string>> {
  const store = openStore(join(rig.folder, 'cache'), 'write');
  try {
    const out = [...store.entries()].map((entry) => [entry.stage, Object.values(entry.outputs)] as const);
    return Object.fromEntries(
      out.map(([stage, digests]) => [stage, digests.map((digest) => readFileSync(store.path(digest), 'utf8')).join()]),
    );
  } finally {
    store.close();
  }
}

describe('random kill -9 of a run', () => {
  it('20 times, at any moment, ends in the result of an undisturbed run', { timeout: 600_000 }, async () => {
    expect((await rig.sea('run', 'a.yaml')).code).toBe(0);
    const undisturbed = results();
    const random = stream(20, 'kill');
    let kills = 0;
    while (kills < 20) {
      removeTree(join(rig.folder, 'cache'));
      rmSync(join(rig.folder, 'run.log'));
      const before = kills;
      for (;;) {
        const child = rig.start(['run', 'a.yaml', '--jobs', '2']);
        const closed = once(child, 'close');
        const timer = setTimeout(() => child.kill('SIGKILL'), 100 + random.next() * 1200);
        const [code] = (await closed) as [number | null];
        clearTimeout(timer);
        if (code === 0) break;
        expect(code).toBeNull();
        kills += 1;
        expect((await rig.sea('verify')).code).toBe(0);
      }
      expect(results()).toEqual(undisturbed);
      const ran = readFileSync(join(rig.folder, 'run.log'), 'utf8').trim().split('\n');
      expect(new Set(ran).size).toBe(80);
      // At each kill two were at work, and the results of the two before them may not have been kept yet.
      expect(ran.length).toBeLessThanOrEqual(80 + 4 * (kills - before));
    }
  });
});
