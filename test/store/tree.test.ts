import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../../src/hash.ts';
import { bytesUnder, digestOf, hashTree, removeTree, sameSizes, sealFolders } from '../../src/store/tree.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'seagraph-tree-'));
});
afterEach(() => removeTree(root));

const name = fc.stringMatching(/^[a-z][a-z0-9_ é-]{0,6}$/);
const tree = fc.dictionary(
  fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/')),
  fc.uint8Array({ maxLength: 64 }),
);

/** Writes files whose paths do not run through one another. */
function writeTree(folder: string, files: Readonly<Record<string, Uint8Array>>): string[] {
  const written: string[] = [];
  for (const [path, bytes] of Object.entries(files)) {
    if (written.some((other) => other.startsWith(`${path}/`) || path.startsWith(`${other}/`))) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
    written.push(path);
  }
  return written;
}

describe('hashing an output', () => {
  it('lists every file once, sorted, with the hash of its bytes', async () => {
    let count = 0;
    await fc.assert(
      fc.asyncProperty(tree, async (files) => {
        count += 1;
        const folder = join(root, String(count));
        mkdirSync(folder);
        const written = writeTree(folder, files);
        const found = await hashTree(folder, { seal: false });
        expect(found.map((file) => file.path)).toEqual([...written].sort());
        for (const file of found) expect(file.sha256).toBe(sha256(files[file.path] as Uint8Array));
        expect(bytesUnder(folder)).toBe(found.reduce((sum, file) => sum + file.size, 0));
        expect(sameSizes(folder, found)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it('gives the same for a large file, which is streamed, as for its bytes', async () => {
    const bytes = Buffer.alloc((4 << 20) + 17, 'sea');
    writeFileSync(join(root, 'large'), bytes);
    writeFileSync(join(root, 'small'), 'x');
    const found = await hashTree(root, { seal: false });
    expect(found).toEqual([
      { path: 'large', size: bytes.length, sha256: sha256(bytes) },
      { path: 'small', size: 1, sha256: sha256('x') },
    ]);
  });

  it('has a digest that changes with any path, size or hash', () => {
    const file = { path: 'a', size: 1, sha256: sha256('x') };
    const others = [
      [],
      [{ ...file, path: 'b' }],
      [{ ...file, size: 2 }],
      [{ ...file, sha256: sha256('y') }],
      [file, file],
    ];
    expect(new Set([[file], ...others].map((files) => digestOf(files))).size).toBe(6);
  });

  it('refuses a pipe', async () => {
    execFileSync('/bin/sh', ['-c', 'mkfifo "$1"', 'sh', join(root, 'pipe')]);
    await expect(hashTree(root, { seal: false })).rejects.toThrow(/"pipe" not a regular file or folder/);
  });
});

describe('removing a tree', () => {
  it('removes folders that may not be written', async () => {
    mkdirSync(join(root, 'a/b'), { recursive: true });
    writeFileSync(join(root, 'a/b/x'), 'x');
    await hashTree(join(root, 'a'), { seal: true });
    sealFolders(join(root, 'a'));
    removeTree(join(root, 'a'));
    expect(bytesUnder(join(root, 'a'))).toBe(0);
  });
});

it('removes a folder in which a process that is just ending still writes', async () => {
  for (let round = 0; round < 8; round++) {
    const folder = mkdtempSync(join(tmpdir(), 'sea-tree-'));
    mkdirSync(join(folder, 'job'));
    const script = 'i=0; echo begun; while [ $i -lt 400 ]; do i=$((i+1)); echo x > job/$i; done';
    const writer = spawn('sh', ['-c', script], { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
    const ended = once(writer, 'close');
    await once(writer.stdout, 'data');
    removeTree(folder);
    expect(existsSync(folder)).toBe(false);
    await ended;
  }
});
