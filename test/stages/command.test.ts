import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startOf } from '../../src/process.ts';
import { command, type Params } from '../../src/stages/command/kind.ts';
import { run, substitute } from '../../src/stages/command/run.ts';
import type { Job } from '../../src/stages/kind.ts';
import { removeTree } from '../../src/store/tree.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "seagraph command's "));
});
afterEach(() => removeTree(root));

function job(
  params: Partial<Params> & { run: string },
  change: Partial<Job<Params, string, string>> = {},
): Job<Params, string, string> {
  return {
    params: { outputs: ['out'], files: [], env: {}, cwd: root, ...params },
    input: { 'first-one': join(root, 'in') },
    output: { out: join(root, 'out'), scores: join(root, 'scores') },
    scratch: join(root, 'scratch'),
    replies: join(root, 'replies'),
    signal: new AbortController().signal,
    logFile: join(root, 'log'),
    progress: () => {},
    assist: false,
    share: () => {},
    log: () => {},
    ...change,
  };
}
const text = (name: string): string => readFileSync(join(root, name), 'utf8');

describe('a command', () => {
  it('runs in its folder with paths put where it names ports, whatever they contain', async () => {
    writeFileSync(join(root, 'in'), 'sea');
    await run(job({ run: 'cat {input.first-one} {input.first-one} > {output.out}; pwd > where' }));
    expect(text('out')).toBe('seasea');
    expect(text('where').trim()).toBe(root);
  });

  it('has the paths and its own variables in the environment', async () => {
    await run(job({ run: 'echo "$SEA_INPUT_FIRST_ONE|$SEA_OUTPUT_OUT|$MORE" > out', env: { MORE: 'yes' } }));
    expect(text('out')).toBe(`${join(root, 'in')}|${join(root, 'out')}|yes\n`);
  });

  it('shows the progress that it appends to the file SEA_PROGRESS, and tells a line that is none once', async () => {
    const told: unknown[] = [];
    const said: string[] = [];
    const heard = {
      progress: (...report: readonly unknown[]) => void told.push(report),
      log: (line: string) => void said.push(line),
    };
    const report = (line: string) => `echo '${line}' >> "$SEA_PROGRESS"`;
    const lines = ['{"step": 1, "of": 2, "loss": 3.5}', 'half', '[]', '{"step": 2, "of": 2, "loss": 1}'];
    await run(job({ run: lines.map(report).join('; ') }, heard));
    expect(told).toEqual([
      [1, 2, { loss: 3.5 }],
      [2, 2, { loss: 1 }],
    ]);
    expect(said).toEqual(['SEA_PROGRESS: expected {"step": 3, "of": 10, "loss": 2.1}, found half']);
    await run(job({ run: report('{"step": 9, "of": 9}') }, heard));
    expect(told.slice(2)).toEqual([[9, 9, {}]]);
  });

  it('writes what it says to the log', async () => {
    await run(job({ run: 'echo said; echo wailed >&2' }));
    expect(text('log')).toBe('said\nwailed\n');
  });

  it('fails with its exit code', async () => {
    await expect(run(job({ run: 'exit 3' }))).rejects.toThrow('the command ended with exit code 3');
  });

  it('fails when it is killed, naming the signal', async () => {
    await expect(run(job({ run: 'kill -SEGV $$' }))).rejects.toThrow('the command was killed by SIGSEGV');
  });

  it('fails in a folder that is not there', async () => {
    await expect(run(job({ run: 'true', cwd: join(root, 'none') }))).rejects.toThrow(/cannot run in .*none/);
  });

  it('is ended after its time', async () => {
    await expect(run(job({ run: 'sleep 20', timeout: 0.1 }))).rejects.toThrow('the command was ended after 0.1 s');
  });

  it('ends with everything that it started when it is stopped', async () => {
    const stop = new AbortController();
    const running = run(job({ run: 'sleep 30 & echo $! > child; wait' }, { signal: stop.signal }));
    let child = 0;
    while (!(child > 0)) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      try {
        child = Number(text('child'));
      } catch {}
    }
    expect(startOf(child)).toBeDefined();
    stop.abort(new Error('stopped'));
    await expect(running).rejects.toThrow('stopped');
    for (let wait = 0; startOf(child) !== undefined && wait < 100; wait += 1)
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(startOf(child)).toBeUndefined();
  });

  it('leaves nothing running in the background that could write into its outputs later', async () => {
    await run(job({ run: '(sleep 0.3; echo late > {output.out}) & echo early > {output.out}' }));
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(text('out')).toBe('early\n');
  });

  it('reports the numbers of the output that holds its metrics', async () => {
    const metrics = await run(job({ run: `echo '{"loss": 0.5, "a.b": 2}' > {output.scores}`, metrics: 'scores' }));
    expect(metrics).toEqual({ loss: 0.5, 'a.b': 2 });
  });

  it.each([
    ['[1]', /is not a JSON object/],
    ['{"loss": "low"}', /holds "low" for "loss", not a number/],
    ['{', /cannot be read as metrics/],
  ])('refuses metrics that are %s', async (written, message) => {
    await expect(run(job({ run: `echo '${written}' > {output.scores}`, metrics: 'scores' }))).rejects.toThrow(message);
  });

  it('names the port that it does not have, and the nearest', () => {
    expect(() => substitute('cat {input.first-on}', job({ run: '' }))).toThrow(/names \{input\.first-on\}/);
    expect(substitute("awk '{print $1}' {output.out}", job({ run: '' }))).toBe(
      `awk '{print $1}' '${root.replace("'", `'\\''`)}/out'`,
    );
  });

  it('is the same stage in another folder and with another time limit, and another one with another environment', () => {
    const identity = (change: Partial<Params>) => command.identity?.(job({ run: 'x', ...change }).params);
    expect(identity({ cwd: '/elsewhere', timeout: 9, files: ['/a'] })).toEqual(identity({}));
    expect(identity({ env: { A: '1' } })).not.toEqual(identity({}));
    expect(identity({ run: 'y' })).not.toEqual(identity({}));
  });
});
