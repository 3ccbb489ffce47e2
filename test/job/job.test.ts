import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { logTail, readJob, readOutcome, readProgress, writeOutcome } from '../../src/job/folder.ts';
import { runJob } from '../../src/job/host.ts';
import { removeTree } from '../../src/store/tree.ts';
import { kinds } from '../executors/fixtures/kinds.mjs';
import { jobFolder } from '../seams/executor.ts';

const byName = new Map(kinds.map((kind) => [kind.kind, kind]));
const outcome = { startedAt: '2026-01-01T00:00:00Z', seconds: 1, engine: 'none', threads: 1, metrics: {} } as const;

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'seagraph-job-'));
});
afterEach(() => removeTree(root));

describe('a job folder', () => {
  it('gives back the request that was written', () => {
    const folder = jobFolder(root, 'a', 'write', { text: 'x' });
    expect(readJob(folder)).toMatchObject({ stage: 'a', kind: 'write', params: { text: 'x' } });
  });

  it('refuses a request that lacks something', () => {
    const folder = jobFolder(root, 'a', 'write', {});
    writeFileSync(join(folder, 'job.json'), '{"kind": "write"}');
    expect(() => readJob(folder)).toThrow(/is not a job/);
  });

  it('has no outcome until it is written whole', () => {
    const folder = jobFolder(root, 'a', 'write', {});
    writeFileSync(join(folder, 'outcome.json.new'), '{"state":');
    expect(readOutcome(folder)).toBeUndefined();
    writeOutcome(folder, { ...outcome, state: 'done' });
    expect(readOutcome(folder)).toEqual({ ...outcome, state: 'done' });
  });

  it('refuses an outcome of an unknown state', () => {
    const folder = jobFolder(root, 'a', 'write', {});
    writeFileSync(join(folder, 'outcome.json'), JSON.stringify({ ...outcome, state: 'fine' }));
    expect(() => readOutcome(folder)).toThrow(/is not an outcome/);
  });

  it('reads progress line by line and leaves a half line for the next time', () => {
    const folder = jobFolder(root, 'a', 'write', {});
    const line = (step: number) => JSON.stringify({ at: 1, step, of: 3, values: { loss: step } });
    writeFileSync(join(folder, 'progress.jsonl'), `${line(1)}\n${line(2).slice(0, 9)}`);
    const first = readProgress(folder, 0);
    expect(first.lines.map(({ step }) => step)).toEqual([1]);
    writeFileSync(join(folder, 'progress.jsonl'), `${line(1)}\n${line(2)}\n`);
    expect(readProgress(folder, first.offset).lines.map(({ step }) => step)).toEqual([2]);
  });

  it('shows the last lines of its log', () => {
    const folder = jobFolder(root, 'a', 'write', {});
    expect(logTail(folder)).toEqual([]);
    writeFileSync(join(folder, 'log'), Array.from({ length: 5000 }, (_, line) => `line ${line}\n`).join(''));
    expect(logTail(folder, 2)).toEqual(['line 4998', 'line 4999']);
  });
});

describe('running a job', () => {
  const run = (folder: string, signal = new AbortController().signal) =>
    runJob(folder, byName, { signal, alone: false });

  it('fails on a metric that is no number, naming it', async () => {
    const result = await run(jobFolder(root, 'a', 'not-a-number', {}));
    expect(result).toMatchObject({ state: 'failed', message: 'metric "loss" is NaN' });
  });

  it('fails on a kind it does not know, with the nearest name', async () => {
    const result = await run(jobFolder(root, 'a', 'wrote', {}));
    expect(result.problems?.[0]).toMatchObject({ code: 'unknown-kind', hint: 'did you mean "write"?' });
  });

  it('refuses a request of another version of the kind', async () => {
    const result = await run(jobFolder(root, 'a', 'write', { text: 'x' }, 7));
    expect(result).toMatchObject({ state: 'failed', problems: [{ code: 'other-version' }] });
  });

  it('goes on from what an earlier attempt left in scratch', async () => {
    const log = join(root, 'log');
    const stop = new AbortController();
    const folder = jobFolder(root, 'a', 'count', { steps: 40, log });
    const running = run(folder, stop.signal);
    while (readProgress(folder, 0).lines.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort(new Error('stopped'));
    expect((await running).state).toBe('stopped');
    expect((await run(folder)).state).toBe('done');
    const [first, second] = readFileSync(log, 'utf8').trim().split('\n');
    expect(first).toBe('from 0');
    expect(Number(second?.split(' ')[1])).toBeGreaterThan(0);
  });

  it('leaves a step out of the values whose value JSON cannot hold', async () => {
    const kind = {
      ...(byName.get('write') as NonNullable<ReturnType<typeof byName.get>>),
      load: async () => ({
        run: async (job: { progress(step: number, of: number, values: Record<string, number>): void }) => {
          job.progress(1, 1, { loss: Number.NaN, rate: 0.5 });
          return {};
        },
      }),
    };
    const folder = jobFolder(root, 'a', 'write', {});
    await runJob(folder, new Map([['write', kind]]), { signal: new AbortController().signal, alone: false });
    expect(readProgress(folder, 0).lines[0]?.values).toEqual({ rate: 0.5 });
  });
});
