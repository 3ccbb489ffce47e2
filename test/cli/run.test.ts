import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ablation, ended, expectDocumented, openRig, type Rig } from './rig.ts';

let rig: Rig;
beforeEach(() => {
  rig = openRig();
  rig.write('a.yaml', ablation);
});
afterEach(() => rig.close());

/** Waits for a text in a child's output, so that a signal finds it at work. */
async function seen(child: ReturnType<Rig['start']>, text: string): Promise<void> {
  let out = '';
  for await (const data of child.stdout ?? []) {
    out += String(data);
    if (out.includes(text)) return;
  }
  throw new Error(`ended without "${text}": ${out}`);
}

describe('a run', () => {
  test('runs every stage, then prints the table and one line on how it went', async () => {
    const { code, out } = await rig.sea('run', 'a.yaml');
    expect(code).toBe(0);
    expect(rig.ran()).toEqual(['data', 'score 1', 'score 2', 'score 3', 'train 1', 'train 2', 'train 3']);
    const table = out.slice(out.indexOf('A small ablation'));
    expect(table.replace(/\d+\.\d s/g, 'N s')).toBe(`A small ablation
───────────────────────────────────────
                Acc        score.loss
───────────────────────────────────────
Baseline     51.5         0.100*
+SEA         52.5' +1.0   0.200' +0.100
+SEA twice   53.5* +2.0   0.300  +0.200
───────────────────────────────────────
Δ against Baseline · * best · ' second · lower is better: score.loss
7 stages · N s of work

complete: 7 run, 0 reused, 0 failed in N s
`);
  });

  test('that changes nothing runs nothing and prints the same table', async () => {
    const first = await rig.sea('run', 'a.yaml');
    rig.ran();
    const again = await rig.sea('run', 'a.yaml');
    expect(again.code).toBe(0);
    expect(rig.ran()).toEqual([]);
    expect(again.out).toContain('complete: 0 run, 7 reused, 0 failed');
    const table = ({ out }: typeof first) => out.slice(out.indexOf('A small'), out.indexOf('complete'));
    expect(table(again)).toBe(table(first));
  });

  test('of several experiments runs them in order, shares their stages and tells of all', async () => {
    rig.write('b.yaml', ablation.replace('name: ablation', 'name: second').replace("RATE: '2'", "RATE: '5'"));
    const { code, out } = await rig.sea('run', 'a.yaml', 'b.yaml');
    expect(code).toBe(0);
    expect(rig.ran()).toHaveLength(9);
    expect(out).toMatch(/\n\n2 experiments: 14 stages asked for, 9 run, 5 reused, 0 failed in \d+\.\d s\n$/);
  });

  test('of several experiments starts none when one has a mistake, and names the mistakes of all', async () => {
    rig.write('b.yaml', 'nmae: x\n');
    rig.write('c.yaml', ablation.replace('kind: command', 'kind: comand'));
    const { code, err } = await rig.sea('run', 'a.yaml', 'b.yaml', 'c.yaml');
    expect(code).toBe(2);
    expect(err).toContain('b.yaml:1:1');
    expect(err).toContain('c.yaml:5:');
    expect(rig.ran()).toEqual([]);
  });

  test('goes on with the next experiment after a failure, unless asked to stop there', async () => {
    rig.write('bad.yaml', ablation.replace('echo data > {output.out}', 'exit 3'));
    const { code, out } = await rig.sea('run', 'bad.yaml', 'a.yaml');
    expect(code).toBe(1);
    expect(out).toContain('complete: 7 run');
    expect((await rig.sea('run', '--fail-fast', 'bad.yaml', 'a.yaml')).out).toContain('1 of 2 experiments: ');
  });

  test('is not started with a size of memory that cannot be read', async () => {
    const { code, err } = await rig.sea('run', 'a.yaml', '--memory', 'much');
    expect(code).toBe(2);
    expect(err).toContain('"much" is no size');
    expect(rig.ran()).toEqual([]);
  });

  test('after one parameter of one row changed runs only that branch, and why says so', async () => {
    await rig.sea('run', 'a.yaml');
    rig.ran();
    rig.edit('a.yaml', "RATE: '2'", "RATE: '4'");
    const why = await rig.sea('why', 'train[+SEA]', 'a.yaml');
    expect(why.out).toContain('train[+SEA] will run: a parameter changed\n  env.RATE: 2 → 4\n');
    expect(why.out).toContain('then: score[+SEA]');
    const { out } = await rig.sea('run', 'a.yaml');
    expect(rig.ran()).toEqual(['score 4', 'train 4']);
    expect(out).toContain('complete: 2 run, 5 reused, 0 failed');
  });

  test('after the file was only reformatted or a row renamed runs nothing', async () => {
    await rig.sea('run', 'a.yaml');
    rig.ran();
    rig.edit('a.yaml', '+SEA twice', '+SEA thrice');
    rig.edit('a.yaml', 'rows:', '# a remark\n\nrows:');
    expect((await rig.sea('run', 'a.yaml')).out).toContain('complete: 0 run, 7 reused, 0 failed');
    expect(rig.ran()).toEqual([]);
  });

  test('of some rows leaves the others out', async () => {
    const { out } = await rig.sea('run', 'a.yaml', '--row', 'Baseline', '+SEA');
    expect(rig.ran()).toEqual(['data', 'score 1', 'score 2', 'train 1', 'train 2']);
    expect(out).not.toContain('+SEA twice');
  });

  test('of one stage runs what it needs and nothing after it', async () => {
    const { out } = await rig.sea('run', 'a.yaml', '--row', '+SEA', '--stage', 'train');
    expect(rig.ran()).toEqual(['data', 'train 2']);
    expect(out).not.toContain('A small ablation');
  });

  test('that is forced runs a cached stage again, and stops there when it makes the same', async () => {
    await rig.sea('run', 'a.yaml');
    rig.ran();
    const { out } = await rig.sea('run', 'a.yaml', '--force', 'train[+SEA]');
    expect(rig.ran()).toEqual(['train 2']);
    expect(out).toContain('complete: 1 run, 6 reused, 0 failed');
  });

  test('keeps results where --cache or SEA_CACHE says', async () => {
    await rig.sea('run', 'a.yaml', '--cache', 'elsewhere');
    rig.ran();
    expect((await rig.seaWith({ SEA_CACHE: 'elsewhere' }, 'run', 'a.yaml')).out).toContain('0 run, 7 reused');
    expect((await rig.sea('run', 'a.yaml')).out).toContain('7 run, 0 reused');
  });

  test('streams documented events as JSON lines', async () => {
    rig.edit('a.yaml', "+SEA twice: { extends: +SEA, train.env.RATE: '3' }", "Broken: { train.run: 'exit 3' }");
    const { code, out } = await rig.sea('run', 'a.yaml', '--json');
    const events = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string });
    for (const event of events) expectDocumented('run', event);
    expect(code).toBe(1);
    expect(new Set(events.map((event) => event.type))).toEqual(
      new Set(['planned', 'started', 'finished', 'failed', 'blocked', 'done']),
    );
  });
});

describe('a stage that fails', () => {
  test('fails its row only, shows the end of its log and ends with 1', async () => {
    rig.edit('a.yaml', "RATE: '2'", "RATE: '2', train.env.FAIL: 'yes'");
    rig.edit(
      'a.yaml',
      'echo train $RATE >> ran;',
      'echo train $RATE >> ran; test -z "$FAIL" || { echo out of memory; exit 3; };',
    );
    const { code, out } = await rig.sea('run', 'a.yaml', '--row', 'Baseline', '+SEA');
    expect(code).toBe(1);
    expect(out).toContain('✗ train[+SEA] failed');
    expect(out).toContain('│ out of memory');
    expect(out).toMatch(/ {2}log: .*\/log/);
    expect(out).toContain('⊘ score[+SEA]  not run: train[+SEA] failed');
    expect(out).toMatch(/\+SEA +fail/);
    expect(out).toContain('failed: 3 run, 0 reused, 1 failed, 1 not run because of it');
  });
});

describe('stopping', () => {
  const slow = ablation.replace('echo train $RATE >> ran;', 'echo train $RATE >> ran; sleep 20;');

  test.each(['SIGINT', 'SIGTERM'] as const)('by %s ends cleanly with 130, and the next run goes on', async (signal) => {
    rig.write('a.yaml', slow);
    const child = rig.start(['run', 'a.yaml']);
    const end = ended(child);
    await seen(child, '> train');
    child.kill(signal);
    expect((await end).code).toBe(130);
    rig.write('a.yaml', ablation);
    expect((await rig.sea('run', 'a.yaml')).out).toContain('6 run, 1 reused, 0 failed');
  });

  test('too late for the stages leaves the summary to be printed', async () => {
    const child = rig.start(['run', 'a.yaml']);
    const end = ended(child);
    child.stdout?.on('data', (data: Buffer) => {
      if (String(data).includes('A small ablation')) child.kill('SIGINT');
    });
    const { code, out } = await end;
    expect(out).toContain('complete: 7 run');
    expect(code).toBe(0);
  });

  test('because the reader of the output left is quiet', async () => {
    rig.write('a.yaml', slow);
    const child = rig.start(['run', 'a.yaml', '--json']);
    let err = '';
    child.stderr?.on('data', (data: Buffer) => {
      err += data;
    });
    child.stdout?.once('data', () => child.stdout?.destroy());
    const code = await new Promise((done) => child.on('exit', done));
    expect({ code, err }).toEqual({ code: 130, err: '' });
  });
});
