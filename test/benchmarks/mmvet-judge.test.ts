import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Scores } from '../../src/benchmarks/benchmark.ts';
import { FEW_SHOT } from '../../src/benchmarks/mmvet/few-shot.ts';
import { readQuestions } from '../../src/benchmarks/mmvet/format.ts';
import { scoreFiles } from '../../src/benchmarks/score-files.ts';
import { scoreAnswers } from '../../src/cli/score.ts';
import { openJudge } from '../../src/judge/judge.ts';
import type { StatedJudge } from '../../src/judge/settings.ts';
import { score } from '../../src/stages/score/kind.ts';
import { ended, openRig } from '../cli/rig.ts';
import { NEVER, startServer, type TestServer } from '../judge/server.ts';
import { problemsOf, runStage } from '../stages/run-stage.ts';
import { differences } from './compare.ts';
import { type Recorded, readAny, recorded } from './scoring-dir.ts';

const data = join(import.meta.dirname, '..', 'scoring', 'mmvet');
const files = { data, answers: join(data, 'answers.jsonl') };
const temporary = (): string => mkdtempSync(join(tmpdir(), 'replies-'));

/** A server that gives each question the replies that were recorded with the official program, in their order. */
async function scripted(together = 1): Promise<TestServer> {
  const questions = [...(await readQuestions(data))];
  const replies = readAny(join(data, 'gpt_replies.json')) as Record<string, readonly (readonly string[])[]>;
  const left = new Map(Object.entries(replies).map(([id, runs]) => [id, runs.flat()]));
  return startServer(
    ({ body }) => {
      const tail = (body.messages[0]?.content ?? '').slice(FEW_SHOT.length + 1);
      const [id] = questions.find(([, { question }]) => tail.startsWith(`${question} | `)) ?? [''];
      return left.get(id)?.shift() ?? { status: 400, body: `{"error": "nothing left for ${id}"}` };
    },
    { together },
  );
}

async function marked(stated: StatedJudge, replies = temporary()): Promise<Scores> {
  const { signal } = new AbortController();
  const judge = openJudge({ key: 'none', ...stated }, { replies, env: {}, signal, log: () => {} });
  return scoreFiles('mmvet', files, { judge });
}

const official = (name: string): Recorded => recorded('mmvet')['results'][name];

it('a judge over HTTP gives the figures of the official program, one request at a time or many', async () => {
  for (const concurrency of [1, 6]) {
    await using server = await scripted(concurrency);
    const { metrics, details, notices } = await marked({ url: server.url, concurrency });
    const { by_capability, by_integration, counts, calls } = official('1_run');
    expect(differences(by_capability, details['byCapability'])).toEqual([]);
    expect(differences(counts, details['counts'])).toEqual([]);
    expect(Object.values(details['byIntegration'] as object).sort()).toEqual(Object.values(by_integration).sort());
    expect(metrics['score']).toBe(by_capability.total);
    expect(notices).toEqual([`judge: gpt-4-0613 at ${server.url}, 1 run`]);
    expect(server.received).toHaveLength(typeof calls === 'number' ? calls : calls.length);
    expect(server.busiest()).toBe(concurrency);
  }
});

it('five runs are averaged as officially, and marking again asks nothing, whatever the key', async () => {
  await using server = await scripted();
  const replies = temporary();
  const first = await marked({ url: server.url, runs: 5 }, replies);
  const { by_capability, scores } = official('5_run');
  expect(differences(by_capability, first.details['byCapability'])).toEqual([]);
  const means = Object.entries(scores as Record<string, readonly number[]>).map(
    ([id, own]) => [id, own.reduce((sum, one) => sum + one, 0) / own.length] as const,
  );
  expect(new Map(first.questions.map(({ id, score: mark }) => [id, mark]))).toEqual(new Map(means));
  const asked = server.received.length;
  expect(await marked({ url: server.url, runs: 5, key: 'UNSET' }, replies)).toEqual(first);
  expect(server.received).toHaveLength(asked);
});

it('a killed marking has lost no reply', async () => {
  await using server = await scripted();
  const replies = temporary();
  const stop = new AbortController();
  const stopped = new Error('interrupted');
  const judge = openJudge(
    { url: server.url, key: 'none', concurrency: 1 },
    { replies, env: {}, signal: stop.signal, log: () => {}, progress: (done) => done === 5 && stop.abort(stopped) },
  );
  await expect(scoreFiles('mmvet', files, { judge })).rejects.toThrow('interrupted');
  const whole = await marked({ url: server.url }, replies);
  expect(differences(official('1_run').by_capability, whole.details['byCapability'])).toEqual([]);
});

it('the stage marks with a judge, and says so when the judge is another', async () => {
  await using server = await scripted();
  const judge = { url: server.url, key: 'none', model: 'small' };
  const { metrics, log } = await runStage(score, { benchmark: 'mmvet', judge }, files);
  expect(metrics['score']).toBe(official('1_run').by_capability.total);
  expect(log).toEqual([`judge: small at ${server.url}, 1 run: another judge than gpt-4-0613, so another figure`]);
});

it('`sea score mmvet --judge` marks with a judge and keeps its replies in the cache', async () => {
  await using server = await scripted();
  const cache = temporary();
  const lines: string[] = [];
  const output = { out: (text: string) => lines.push(text), err: () => {}, style: 'plain' };
  const context = { output, cache, version: '', env: { MY_KEY: 'secret' } };
  const options = { ...files, judge: server.url, judgeKey: 'MY_KEY', judgeRuns: 1, judgeConcurrency: 3, json: true };
  for (const _ of [1, 2])
    await scoreAnswers('mmvet', options, context as unknown as Parameters<typeof scoreAnswers>[2]);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ metrics: { score: official('1_run').by_capability.total } });
  expect(lines[1]).toBe(lines[0]);
  expect(lines[0]).not.toContain('secret');
  expect(new Set(server.received.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer secret']));
});

it('the figures of the judge and of the reference words are never taken for each other', async () => {
  const [problem] = await problemsOf(scoreFiles('mmvet', files, { judge: 'none', variant: 'judge' }));
  expect(problem).toMatchObject({ code: 'wrong-variant', hint: 'leave variant out: it is reference_words' });
  const { details, notices } = await scoreFiles('mmvet', files, { judge: 'none' });
  expect(details).toMatchObject({ variant: 'reference_words', judge: 'none' });
  expect(notices[0]).toContain('not by GPT-4');
});

it('a judge that gives no mark is told: officially that is 0', async () => {
  await using server = await startServer((_, index) => (index % 2 === 0 ? 'Good: 1' : '7'));
  const { metrics, notices } = await marked({ url: server.url });
  expect(metrics['score']).toBe(0);
  expect(notices[1]).toMatch(/^the judge gave v1_\d+, .* and \d+ more no mark from 0 to 1 in six replies: 0/);
});

it('Ctrl-C ends `sea score` with what was marked kept', async () => {
  const rig = openRig();
  try {
    const args = (url: string) => ['score', 'mmvet', '--data', data, '--answers', files.answers, '--judge', url, '--judge-key', 'none', '--judge-concurrency', '1']; // biome-ignore format: short
    let child: ReturnType<typeof rig.start> | undefined;
    const url = await (async () => {
      await using gate = await startServer(({ body }, index) => {
        if (index >= 3) {
          setTimeout(() => child?.kill('SIGINT'), 50);
          return NEVER;
        }
        return body.max_tokens === 3 ? '1' : '0';
      });
      child = rig.start(args(gate.url));
      const { code, err } = await ended(child);
      expect(code).toBe(130);
      expect(err).toContain('stopped: the replies so far are kept');
      expect(err).not.toContain('bug');
      return gate.url;
    })();
    const again = await startServer(() => '1', { port: Number(new URL(url).port) });
    try {
      const { code } = await rig.sea(...args(again.url));
      expect([code, again.received.length]).toEqual([0, (await readQuestions(data)).size - 3]);
    } finally {
      await again[Symbol.asyncDispose]();
    }
  } finally {
    rig.close();
  }
});
