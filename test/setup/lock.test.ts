import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withLock } from '../../src/setup/lock.mjs';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'seagraph-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const lockModule = new URL('../../src/setup/lock.mjs', import.meta.url).href;

/** A process that counts up a file without any protection of its own, under the lock. */
function counter(path: string, count: string): Promise<number | null> {
  const script = `
    import { readFileSync, writeFileSync } from 'node:fs';
    import { withLock } from ${JSON.stringify(lockModule)};
    for (let i = 0; i < 5; i++) await withLock(${JSON.stringify(path)}, async () => {
      const before = Number(readFileSync(${JSON.stringify(count)}, 'utf8'));
      await new Promise((resolve) => setTimeout(resolve, 5));
      writeFileSync(${JSON.stringify(count)}, String(before + 1));
    });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' });
  return new Promise((resolve) => child.on('close', resolve));
}

describe('the lock of a set-up', () => {
  it('lets one process at a time through', async () => {
    const { readFileSync } = await import('node:fs');
    const count = join(folder, 'count');
    writeFileSync(count, '0');
    const codes = await Promise.all([1, 2, 3].map(() => counter(join(folder, 'lock'), count)));
    expect(codes).toEqual([0, 0, 0]);
    expect(readFileSync(count, 'utf8')).toBe('15');
    expect(existsSync(join(folder, 'lock'))).toBe(false);
  });

  it('is taken over from a process that died', async () => {
    const path = join(folder, 'lock');
    const child = spawn(process.execPath, ['-e', '']);
    await new Promise((resolve) => child.on('close', resolve));
    writeFileSync(path, JSON.stringify({ host: hostname(), pid: child.pid, nonce: 1 }));
    expect(await withLock(path, async () => 'in')).toBe('in');
  });

  it('is taken over from another machine that stopped touching it, and not before', async () => {
    const path = join(folder, 'lock');
    writeFileSync(path, JSON.stringify({ host: 'elsewhere', pid: 1, nonce: 1 }));
    let entered = false;
    const waiting = withLock(path, async () => {
      entered = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(entered).toBe(false);
    const old = new Date(Date.now() - 60_000);
    utimesSync(path, old, old);
    await waiting;
    expect(entered).toBe(true);
  });

  it('is given back when the work fails', async () => {
    const path = join(folder, 'lock');
    await expect(withLock(path, () => Promise.reject(new Error('no network')))).rejects.toThrow('no network');
    expect(existsSync(path)).toBe(false);
  });
});
