// What the machine refuses: one clear message, no word of a bug, nothing that was kept lost.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { machineProblem } from '../../src/cli/machine.ts';
import { openRig, type Rig } from './rig.ts';

let rig: Rig;
beforeAll(() => {
  rig = openRig();
  rig.write('x.yaml', 'name: x\nstages:\n  a: { kind: command, run: "echo a > {output.out}", outputs: [out] }\n');
});
afterAll(() => rig.close());

test('a cache whose database is damaged inside is told so, in one message', async () => {
  expect((await rig.sea('run', 'x.yaml')).code).toBe(0);
  const database = join(rig.folder, 'cache', 'seagraph.db');
  writeFileSync(database, Buffer.alloc(8192, 7), { flag: 'r+', flush: true });
  for (const rest of ['-wal', '-shm']) rmSync(database + rest, { force: true });
  const { code, err } = await rig.sea('run', 'x.yaml');
  expect([code, err]).toEqual([
    expect.toBeOneOf([1, 2]),
    expect.stringMatching(/^store-damaged {2}.*seagraph\.db|^store-damaged {2}the database/),
  ]);
  expect(err).not.toContain('bug');
});

test('a file where the cache should be is told so', async () => {
  rig.write('taken', '');
  for (const cache of ['taken', 'taken/cache', 'taken/a/b']) {
    const { code, err } = await rig.sea('run', 'x.yaml', '--cache', cache);
    expect([code, err]).toEqual([
      2,
      `not-writable  the cache ${join(rig.folder, cache)} cannot be made: a file lies where a folder has to be\n` +
        '  = choose another folder with --cache\n\n1 problem\n',
    ]);
  }
});

// Linux alone has a folder that answers so to everybody, and Node's own way of making folders never returns there
test.runIf(process.platform === 'linux')('a cache where no folder can be made is told so at once', async () => {
  for (const args of [
    ['plan', 'x.yaml', '--cache', '/proc/sea'],
    ['run', 'x.yaml', '--cache', '/proc/sea/a/b'],
  ]) {
    const { code, err } = await rig.sea(...args);
    expect([code, err]).toEqual([
      2,
      expect.stringMatching(/^not-writable {2}the cache \/proc\/sea.* cannot be made: its file system takes no/),
    ]);
  }
});

test('a path that is too long is told by its beginning, and an empty one is no cache', async () => {
  const long = await rig.sea('plan', 'x.yaml', '--cache', `${'folder/'.repeat(715)}x`);
  expect([long.code, long.err]).toEqual([2, expect.stringMatching(/ cannot be made: its path is too long\n/)]);
  expect(long.err.length).toBeLessThan(400);
  const empty = await rig.sea('plan', 'x.yaml', '--cache', '');
  expect([empty.code, empty.err]).toEqual([
    2,
    expect.stringMatching(/'--cache <dir>' argument '' is invalid. It must name/),
  ]);
  const unset = await rig.seaWith({ SEA_CACHE: '' }, 'ls', '--json');
  expect(unset.out + unset.err).toContain(join(rig.folder, 'cache'));
});

test.each([
  ['ENOSPC', 'disk-full'],
  ['SQLITE_FULL', 'disk-full'],
  ['EROFS', 'not-writable'],
  ['SQLITE_READONLY_DIRECTORY', 'not-writable'],
  ['SQLITE_IOERR_WRITE', 'disk-fails'],
  ['SQLITE_CORRUPT', 'store-damaged'],
])('%s is told as %s', (code, told) => {
  expect(machineProblem(Object.assign(new Error('no'), { code }), '/c')).toMatchObject({ code: told });
});

test('any other error is none of the machine', () => {
  expect(machineProblem(new TypeError('no'), '/c')).toBeUndefined();
  expect(machineProblem(Object.assign(new Error('no'), { code: 'ERR_ASSERTION' }), '/c')).toBeUndefined();
});
