import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { linkedEngine } from '../../src/setup/link.mjs';
import { lastWords, run } from '../../src/setup/programs.mjs';
import { findDamage, provideLibrary } from '../../src/setup/tensorflow.mjs';

const execute = promisify(execFile);
const script = new URL('../../src/setup/setup.mjs', import.meta.url).pathname;

describe('set-up', () => {
  it('is silent and quick when there is nothing to do', async () => {
    // Sources that change meanwhile are built again; whatever there was to do, it is done after the first time.
    let [output, duration] = ['', 0];
    for (let attempt = 0; attempt < 3 && (attempt === 0 || output !== ''); attempt++) {
      const started = performance.now();
      const { stdout, stderr } = await execute(process.execPath, [script]);
      [output, duration] = [stdout + stderr, performance.now() - started];
    }
    expect(output).toBe('');
    expect(duration).toBeLessThan(2_000);
  }, 120_000);

  it('uses what lies in the cache only while every file has its hash', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'seagraph-library-'));
    const library = join(folder, 'tensorflow', 'library.so');
    mkdirSync(join(folder, 'tensorflow'));
    writeFileSync(library, 'machine code');
    const sha256 = createHash('sha256').update('machine code').digest('hex');
    expect(await findDamage(folder)).toBe('manifest.json');
    const files = { 'tensorflow/library.so': { size: 12, sha256 } };
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify({ tensorflow: '2.21.0', variant: 'test', files }));
    expect(await findDamage(folder)).toBeUndefined();
    writeFileSync(library, 'machine c0de');
    expect(await findDamage(folder)).toBe('tensorflow/library.so');
    rmSync(folder, { recursive: true });
  });

  it('says in one line what keeps it from fetching TensorFlow, and leaves nothing half done', async () => {
    const before = process.env['XDG_CACHE_HOME'];
    const cache = mkdtempSync(join(tmpdir(), 'seagraph-cache-'));
    process.env['XDG_CACHE_HOME'] = cache;
    const variant = { name: 'test', wheel: 'tensorflow-cpu', tag: 'any', megabytes: 1, cuda: false };
    try {
      await expect(provideLibrary(variant, undefined)).rejects.toThrow('Python 3 is needed');
      const bare = { command: 'python3', version: '3.9.0', pip: false };
      await expect(provideLibrary(variant, bare)).rejects.toThrow('Python 3.9.0 has no pip');
      const offline = { command: 'false', version: '3.9.0', pip: true };
      await expect(provideLibrary(variant, offline)).rejects.toThrow('pip could not download tensorflow-cpu==');
      expect(readdirSync(join(cache, 'seagraph'))).toEqual([]);
    } finally {
      if (before === undefined) delete process.env['XDG_CACHE_HOME'];
      else process.env['XDG_CACHE_HOME'] = before;
      rmSync(cache, { recursive: true });
    }
  });

  it('knows what the addon is linked to', () => {
    const linked = linkedEngine();
    if (linked === undefined) return; // a machine without Python or compiler runs on wasm
    expect(linked.tensorflow).toMatch(/^2\.\d+\.\d+$/);
    expect(Object.keys(linked.files).some((path) => path.endsWith('tfjs_binding.node'))).toBe(true);
  });

  it('reports a program that cannot start, and the line that matters of one that failed', async () => {
    expect((await run('no-such-program-here', [])).code).toBe(127);
    expect(lastWords('building\nERROR: No matching distribution found\n\n[notice] a new pip is out\n')).toContain(
      'No matching',
    );
    expect(lastWords('one\ntwo\n')).toBe('two');
  });
});
