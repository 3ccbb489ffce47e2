import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ablation, asked, expectDocumented, openRig, type Rig } from './rig.ts';

const broken = `
name: broken
stages:
  train: { kind: command, run: 'for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do echo line $n; done; exit 3', outputs: [model] }
table: { columns: [{ stage: train, metric: loss }] }
`;

let rig: Rig;
beforeAll(async () => {
  rig = openRig();
  rig.write('a.yaml', ablation);
  rig.write('wrong.yaml', 'nmae: x\nstages:\n  a: { kind: comand }\n');
  expect((await rig.sea('run', 'a.yaml')).code).toBe(0);
  rig.write('asked.yaml', asked);
  expect((await rig.sea('run', 'asked.yaml', '--cache', 'asked')).code).toBe(0);
  rig.write('broken.yaml', broken);
  expect((await rig.sea('run', 'broken.yaml', '--cache', 'failed')).code).toBe(1);
  // one row that has numbers of an earlier version of itself
  rig.write('changed.yaml', ablation.replace("RATE: '2'", "RATE: '4'"));
});
afterAll(() => rig.close());

describe('as JSON, what is printed is what is documented', () => {
  test.each([
    ['validate', ['a.yaml', 'wrong.yaml']],
    ['plan', ['changed.yaml', '--all']],
    ['why', ['score', 'changed.yaml']],
    ['why', ['train', 'changed.yaml']],
    ['table', ['changed.yaml']],
    ['compare', ['a.yaml', 'Baseline', '+SEA']],
    ['compare', ['a.yaml', 'changed.yaml']],
    ['compare', ['asked.yaml', 'Worse', 'Better', '--cache', 'asked', '--questions']],
    ['show', ['score[+SEA]', 'a.yaml']],
    ['show', ['data']],
    ['show', ['train', 'broken.yaml', '--cache', 'failed']],
    ['ls', []],
    ['gc', ['a.yaml']],
    ['verify', []],
  ])('%s %j', async (command, args) => {
    const { out, err } = await rig.sea(command, ...args, '--json');
    expect(err).toBe('');
    expectDocumented(command, JSON.parse(out));
  });
});

test('validate names some of very many stages that no table needs, and counts the others', async () => {
  const stages = Array.from({ length: 40 }, (_, i) => `  s${i}: { kind: command, run: 'true', outputs: [out] }`);
  const table = 'table: { columns: [{ stage: s0, metric: loss }] }';
  rig.write('many.yaml', `name: many\nstages:\n${stages.join('\n')}\n${table}\n`);
  const { out } = await rig.sea('validate', 'many.yaml');
  expect(out).toContain('not needed by a table: s1, s2, s3, s4, s5, s6, s7, s8 and 31 more (--json lists them)');
});

describe('plan', () => {
  test('lists what would run and why, and starts nothing', async () => {
    rig.ran();
    const { code, out } = await rig.sea('plan', 'changed.yaml');
    expect(code).toBe(0);
    expect(rig.ran()).toEqual([]);
    expect(out).toContain('ablation: 7 stages: 5 cached, 1 to run, 1 waiting for those');
    expect(out).toMatch(/^run {6}train\[\+SEA\] {2}a parameter changed: env\.RATE: 2 → 4$/m);
    expect(out).toMatch(/^depends {2}score\[\+SEA\] {2}waits for train\[\+SEA\]; may stop here$/m);
    expect(out).not.toContain('reuse');
    expect((await rig.sea('plan', 'changed.yaml', '--all')).out).toMatch(/^reuse {4}data /m);
  });

  test('shows the reach of a forced stage', async () => {
    const { out } = await rig.sea('plan', 'a.yaml', '--force', 'train[+SEA]');
    expect(out).toContain('5 cached, 1 to run, 1 waiting for those');
    expect(out).toMatch(/train\[\+SEA\] {2}forced/);
  });
});

describe('table', () => {
  test('marks numbers whose stages have changed since', async () => {
    const { out } = await rig.sea('table', 'changed.yaml');
    expect(out).toContain('52.5~');
    expect(out).toContain('~ stale: measured before its stages changed');
  });

  test('has other formats', async () => {
    expect((await rig.sea('table', 'a.yaml', '--format', 'markdown')).out).toContain(
      '| +SEA twice | **53.5** (+2.0) |',
    );
    expect((await rig.sea('table', 'a.yaml', '--format', 'latex')).out).toContain('\\toprule');
    expect((await rig.sea('table', 'a.yaml', '--format', 'csv')).out).toMatch(
      /^\+SEA,Acc,score,accuracy,measured,52\.5,,1,1,/m,
    );
  });
});

describe('compare', () => {
  test('sets two rows side by side, parameters first', async () => {
    const { out } = await rig.sea('compare', 'a.yaml', 'Baseline', '+SEA');
    expect(out.replace(/─+/g, '---')).toBe(`                 Baseline   +SEA
train.env.RATE   1          2

---
            Baseline   +SEA       Δ
---
Acc             51.5   52.5    +1.0
score.loss     0.100  0.200  +0.100
---
Δ: right minus left, paired by seed
`);
  });

  test('sets two files side by side, row by row', async () => {
    const { out } = await rig.sea('compare', 'a.yaml', 'changed.yaml');
    expect(out).toContain('train.env.RATE');
    expect(out).toMatch(/^Acc +51\.5 +51\.5 +0\.0$/m);
  });

  test('opens to the questions that two rows answer differently', async () => {
    const { out } = await rig.sea('compare', 'asked.yaml', 'Worse', 'Better', '--questions', 'Acc', '--cache', 'asked');
    expect(out).toMatch(/^Acc +25\.0 +75\.0 +\+50\.0 +3 +1 +0\.62$/m);
    expect(out).toContain('Acc: 3 won, 1 lost, 0 the same');
    expect(out).toContain('− 2: question 2\n  truth   yes\n  Worse   yes (1)\n  Better  no (0)');
  });
});

describe('show', () => {
  test('tells parameters, inputs, outputs, metrics and how it was made', async () => {
    const { out } = await rig.sea('show', 'score[+SEA]', 'a.yaml');
    for (const part of ['parameters', 'inputs', 'outputs', 'metrics', 'made', 'accuracy  52.5', 'engine      none']) {
      expect(out).toContain(part);
    }
    const key = /key ([0-9a-f]{64})/.exec(out)?.[1] ?? '';
    expect((await rig.sea('show', key.slice(0, 12))).out).toBe(out);
  });

  test('tells of a stage that failed when it did, what it said last and where the log is', async () => {
    const { code, out } = await rig.sea('show', 'train', 'broken.yaml', '--cache', 'failed');
    expect(code).toBe(0);
    expect(out).toMatch(
      /^train {2}command key [0-9a-f]{64}\n✗ its last attempt failed, \d{4}-\d\d-\d\d \d\d:\d\d UTC, /,
    );
    expect(out).toContain('\n  the command ended with exit code 3\n');
    expect(out).toContain('  │ line 14\n');
    expect(out).not.toContain('line 1\n');
    const log = /log: (.+)$/m.exec(out)?.[1] ?? '';
    expect(readFileSync(log, 'utf8')).toContain('line 1\n');
    expect((await rig.sea('show', 'train', 'broken.yaml', '--cache', 'failed', '--log')).out).toContain('  line 1\n');
  });
});

describe('a mistake', () => {
  test.each([
    [['rnu', 'a.yaml'], 'Did you mean run?'],
    [['run', 'a.yaml', '--jbos', '2'], 'Did you mean --jobs?'],
    [['run', 'a.yaml', '--jobs', 'many'], 'whole number'],
    [['run'], "missing required argument 'file'"],
    [['run', 'nothing.yaml'], 'nothing.yaml'],
    [['run', 'a.yaml', '--row', '+SEE'], 'did you mean "+SEA"?'],
    [['run', 'a.yaml', '--force', 'trian'], 'did you mean "train"?'],
    [['why', 'scroe', 'a.yaml'], 'did you mean "score"?'],
    [['compare', 'a.yaml', 'Baseline', '+SAE'], 'did you mean "+SEA"?'],
    [['compare', 'a.yaml', 'Baseline'], 'FILE ROW ROW'],
    [['compare', 'asked.yaml', 'Worse', 'Better', '--questions', 'Acd', '--cache', 'asked'], 'did you mean "Acc"?'],
    [['show', 'trein'], 'did you mean "train"?'],
    [['gc', '--limit', 'much'], 'write it like'],
  ])('%j names what was meant and ends with 2', async (args, hint) => {
    const { code, out, err } = await rig.sea(...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(hint);
    expect(err).not.toMatch(/^ {4}at /m);
  });

  test('in an experiment is shown with its line before anything starts', async () => {
    const { code, err } = await rig.sea('run', 'wrong.yaml');
    expect(code).toBe(2);
    expect(err).toContain('wrong.yaml:1:1');
    expect(err).toContain('did you mean "name"?');
    expect(err).toContain('did you mean "command"?');
  });

  test('in SEA_THREADS is told', async () => {
    expect(await rig.seaWith({ SEA_THREADS: 'all' }, 'run', 'a.yaml')).toMatchObject({ code: 2 });
  });
});

test('an unexpected error is one line, with its trace in a file', async () => {
  cpSync(join(rig.folder, 'cache'), join(rig.folder, 'broken'), { recursive: true });
  const database = new Database(join(rig.folder, 'broken', 'seagraph.db'));
  database.exec("UPDATE entries SET body = 'not what seagraph writes'");
  database.close();
  const { code, err } = await rig.sea('ls', '--cache', 'broken');
  expect(code).toBe(1);
  expect(err).toContain('This is a bug in seagraph.');
  expect(err).not.toMatch(/^ {4}at /m);
  const file = / (\/\S+error-\S+\.log)/.exec(err)?.[1] ?? '';
  expect(readFileSync(file, 'utf8')).toMatch(/^ {4}at /m);
});

test('a damaged output is found, set aside and made again', async () => {
  const { out } = await rig.sea('show', 'score[+SEA]', 'a.yaml', '--json');
  const path = (JSON.parse(out) as { stages: { outputs: { path: string }[] }[] }).stages[0]?.outputs[0]?.path ?? '';
  expect(existsSync(path)).toBe(true);
  const { chmodSync } = await import('node:fs');
  chmodSync(path, 0o644);
  writeFileSync(path, 'something else');
  const verified = await rig.sea('verify');
  expect(verified.code).toBe(1);
  expect(verified.out).toContain('of score[+SEA]');
  rig.ran();
  expect((await rig.sea('run', 'a.yaml')).code).toBe(0);
  expect(rig.ran()).toEqual(['score 2']);
});

test('gc removes what no file names only when it is told to', async () => {
  rig.write('b.yaml', ablation.replace("RATE: '3'", "RATE: '7'"));
  await rig.sea('run', 'b.yaml');
  const dry = await rig.sea('gc', 'a.yaml', '--json');
  const waste = (JSON.parse(dry.out) as { waste: { what: string; stage: string }[] }).waste;
  expect(
    waste
      .filter((item) => item.what === 'output')
      .map((item) => item.stage)
      .sort(),
  ).toEqual(['score[+SEA twice]', 'train[+SEA twice]']);
  rig.ran();
  expect((await rig.sea('run', 'b.yaml')).out).toContain('0 run, 7 reused');
  expect((await rig.sea('gc', 'a.yaml', '--apply')).out).toContain('removed:');
  expect((await rig.sea('run', 'a.yaml')).out).toContain('0 run, 7 reused');
  expect((await rig.sea('run', 'b.yaml')).out).toContain('2 run, 5 reused');
});

describe('help', () => {
  test('stands for a command where there is no terminal', async () => {
    const { code, err } = await rig.sea();
    expect(code).toBe(2);
    expect(err).toContain('Usage: sea');
  });

  test('tells commands and exit codes', async () => {
    const { code, out } = await rig.sea('--help');
    expect(code).toBe(0);
    expect(out).toContain('130  stopped');
  });

  test.each(['validate', 'plan', 'run', 'table', 'compare', 'why', 'show', 'ls', 'gc', 'verify', 'doctor', 'schema'])(
    'of %s has an example',
    async (command) => {
      expect((await rig.sea(command, '--help')).out).toContain(`Example:\n  $ sea ${command}`);
    },
  );
});
