import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRig, type Rig } from '../cli/rig.ts';
import { hasTmux, openTerminal, withoutTmux } from './terminal.ts';
import { threeRows } from './three-rows.ts';

describe.runIf(hasTmux)(`sea watch in a terminal${withoutTmux}`, () => {
  let rig: Rig;
  beforeAll(() => {
    rig = openRig();
    rig.write('a.yaml', threeRows('narrow', []));
  });
  afterAll(() => rig.close());

  test('keeps the first lines in a window that long lines do not fit, and counts those left out', async () => {
    const terminal = openTerminal(rig, [36, 9], 'watch a.yaml');
    try {
      const planned = await terminal.shows('watching; Ctrl-C ends');
      expect(planned).toMatch(/^narrow: 7 stages: 0 cached, 1 to/);
      expect(planned).toMatch(/\d+ more lines: sea plan/);
      rig.edit('a.yaml', 'rows:', 'rwos:');
      expect(await terminal.shows('unknown-key')).toMatch(/^a\.yaml:\d+:1 {2}unknown-key/);
      rig.edit('a.yaml', 'rwos:', 'rows:');
      await terminal.shows(/^narrow: 7 stages/);
      terminal.type('C-c');
      await terminal.shows('ended with 0');
    } finally {
      terminal.close();
    }
  });
});
