// What the machine refuses: one clear message, no word of a bug, nothing that was kept lost.
import { chmodSync, lstatSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { machineProblem } from '../../src/cli/machine.ts';
import type { Digest } from '../../src/hash.ts';
import { openStore } from '../../src/store/sqlite.ts';
import { ablation, ended, openRig, type Rig } from './rig.ts';

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

// what root asks for is refused by no right of a file: there another user reads the cache
const isRoot = process.getuid?.() === 0;

test.runIf(process.platform !== 'win32')(
  'a cache that may not be written is read, and a run on it not started',
  async () => {
    const other = openRig();
    try {
      other.write('a.yaml', ablation);
      expect((await other.sea('run', 'a.yaml')).code).toBe(0);
      // a change that is still in the log of the database, as after a run that was killed
      const writer = openStore(join(other.folder, 'cache'), 'write');
      try {
        writer.sourceCache.save(new Map([['/x', { stamp: 's', size: 1, sha256: 'd' as Digest }]]));
        setRights(other.folder, 0o555);
        const sea = (...args: readonly string[]) =>
          ended(other.start(args, {}, isRoot ? { uid: 65_534, gid: 65_534 } : {}));
        expect(await sea('table', 'a.yaml')).toEqual(await other.sea('table', 'a.yaml'));
        expect((await sea('plan', 'a.yaml')).out).toContain('ablation: 7 stages: 7 cached, 0 to run');
        expect((await sea('show', 'score[+SEA]', 'a.yaml')).out).toMatch(/accuracy +52\.5/);
        expect((await sea('ls')).out).toContain('7 entries');
        expect((await sea('gc', 'a.yaml')).code).toBe(0);
        for (const args of [['run', 'a.yaml', '--force', 'data'], ['gc', 'a.yaml', '--apply'], ['verify']]) {
          const { code, out, err } = await sea(...args);
          expect([code, out]).toEqual([2, '']);
          expect(err).toMatch(
            /^read-only {2}the cache .*cache is read-only for this user\n {2}= let this user write there/,
          );
        }
      } finally {
        writer.close();
      }
    } finally {
      setRights(other.folder, 0o755);
      other.close();
    }
  },
  90_000,
);

/** Of every folder below one, with the matching ones of files. */
function setRights(path: string, rights: number): void {
  const isFolder = lstatSync(path).isDirectory();
  if (isFolder) chmodSync(path, 0o755);
  if (isFolder) for (const name of readdirSync(path)) setRights(join(path, name), rights);
  chmodSync(path, isFolder ? rights : rights & 0o666);
}

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
