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
  expect((await rig.sea('run', 'x.yaml', '--cache', 'taken')).err).toMatch(/^not-writable {2}EEXIST/);
  const { code, err } = await rig.sea('run', 'x.yaml', '--cache', 'taken/cache');
  expect([code, err]).toEqual([
    1,
    expect.stringMatching(/^not-writable {2}ENOTDIR.*\n {2}= a file lies where a folder/),
  ]);
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
