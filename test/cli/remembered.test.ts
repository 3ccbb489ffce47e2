import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ReadText, remembered } from '../../src/cli/remembered.ts';
import { fail, type Result, succeed } from '../../src/problem.ts';
import type { Experiment } from '../../src/spec/experiment.ts';

let cache: string;
let files: Map<string, string>;
let loads: number;

beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'remembered-'));
  files = new Map([
    ['a.yaml', 'name: a'],
    ['base.yaml', 'stages: {}'],
  ]);
  loads = 0;
  build = 'one';
});
afterEach(() => rmSync(cache, { recursive: true }));

let build: string | undefined;
const readText: ReadText = (path) => (path.endsWith('.built') ? build : files.get(path));

function experiment(name: string): Experiment {
  return { name, file: 'a.yaml', rows: [], seeds: [], cells: [], stages: [], tables: [] };
}

/** Takes `milliseconds`, reads the file, its base and a table that may be absent, and is named after their texts. */
function loader(milliseconds: number, wrong = false) {
  return async (read: ReadText): Promise<Result<Experiment>> => {
    loads += 1;
    const start = performance.now();
    while (performance.now() - start < milliseconds);
    const texts = ['a.yaml', 'base.yaml', 'tables.json'].map((path) => read(path) ?? 'absent');
    return wrong ? fail({ code: 'wrong', message: 'wrong' }) : succeed(experiment(texts.join(' ')));
  };
}

async function open(milliseconds = 40): Promise<string> {
  const result = await remembered('a.yaml', cache, readText, loader(milliseconds));
  return result.ok ? result.value.name : 'wrong';
}

describe('an experiment that took long to expand', () => {
  it('is remembered while all that it read says the same', async () => {
    expect([await open(), await open(), loads]).toEqual(['name: a stages: {} absent', 'name: a stages: {} absent', 1]);
  });

  it.each([
    ['the file', () => files.set('a.yaml', 'name: b')],
    ['what it extends', () => files.set('base.yaml', 'stages: { a: 1 }')],
    ['a file that was absent', () => files.set('tables.json', '{}')],
    ['a file that is gone', () => files.delete('base.yaml')],
  ])('is expanded again after a change of %s', async (_, change) => {
    await open();
    change();
    const fresh = ['a.yaml', 'base.yaml', 'tables.json'].map((path) => files.get(path) ?? 'absent').join(' ');
    expect([await open(), loads]).toEqual([fresh, 2]);
    expect([await open(), loads]).toEqual([fresh, 2]);
  });

  it('is expanded again by another build of the program', async () => {
    await open();
    build = 'two';
    await open();
    expect(loads).toBe(2);
  });

  it('is expanded again when its memory is damaged anywhere', async () => {
    await open();
    const [name] = readdirSync(join(cache, 'expanded'));
    const place = join(cache, 'expanded', name as string);
    const whole = readFileSync(place);
    for (const at of [0, 70, whole.length - 1]) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] as number) ^ 1;
      writeFileSync(place, damaged);
      expect(await open()).toBe('name: a stages: {} absent');
    }
    writeFileSync(place, '');
    await open();
    expect(loads).toBe(5);
  });
});

describe('nothing is remembered', () => {
  it('of an experiment that expands at once', async () => {
    await open(0);
    await open(0);
    expect(loads).toBe(2);
  });

  it('of an experiment with mistakes', async () => {
    for (let time = 0; time < 2; time += 1)
      expect(await remembered('a.yaml', cache, readText, loader(40, true))).toMatchObject({ ok: false });
    expect(loads).toBe(2);
  });

  it('by a program that runs from its sources', async () => {
    build = undefined;
    await open();
    await open();
    expect(loads).toBe(2);
  });
});
