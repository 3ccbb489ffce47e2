import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { benchmarks } from '../../src/benchmarks/list.ts';
import { scoreAnswers } from '../../src/cli/score.ts';
import { kinds } from '../../src/stages/kinds.ts';
import { score } from '../../src/stages/score/kind.ts';

const data = join(import.meta.dirname, '..', 'scoring', 'vizwiz');
const answers = join(data, 'answers.jsonl');

it('a score stage leaves scores.json and questions.jsonl and reports its metrics', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'score-stage-'));
  try {
    const { run } = await score.load();
    const output = { scores: join(folder, 'scores') };
    const metrics = await run({
      params: { benchmark: 'vizwiz' },
      input: { answers, data },
      output,
      scratch: folder,
      replies: folder,
      logFile: join(folder, 'log'),
      signal: new AbortController().signal,
      progress: () => undefined,
      assist: false,
      share: () => undefined,
      log: () => undefined,
    });
    const written = JSON.parse(await readFile(join(output.scores, 'scores.json'), 'utf8')) as Record<string, unknown>;
    expect(written).toMatchObject({ benchmark: 'vizwiz', metrics });
    const lines = (await readFile(join(output.scores, 'questions.jsonl'), 'utf8')).trimEnd().split('\n');
    expect(Object.keys(JSON.parse(lines[0] ?? '') as object)).toEqual(['id', 'question', 'answer', 'truth', 'score']);
    expect(metrics).toHaveProperty(score.headline ?? '');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

it('the kinds `benchmark` and `score` offer every benchmark of the list', () => {
  const names = benchmarks.map(({ name }) => name);
  for (const kind of kinds.filter((one) => ['benchmark', 'score'].includes(one.kind))) {
    const { properties } = kind.params as { properties: { benchmark: { enum: readonly string[] } } };
    expect(properties.benchmark.enum).toEqual(names);
  }
});

it('`sea score --json` prints every figure', async () => {
  const out: string[] = [];
  const output = { out: (text: string) => out.push(text), err: (text: string) => out.push(text) };
  const context = {
    output: {
      ...output,
      style: 'plain',
      errStyle: 'plain',
      depth: 4,
      width: 80,
      live: false,
      passing: () => undefined,
    },
    cache: '',
    version: '',
    env: {},
  };
  const code = await scoreAnswers(
    'vizwiz',
    { answers, data, json: true, judgeKey: 'none', judgeRuns: 1, judgeConcurrency: 1 },
    context as Parameters<typeof scoreAnswers>[2],
  );
  expect(code).toBe(0);
  expect(JSON.parse(out.join(''))).toMatchObject({ benchmark: 'vizwiz', questions: 25, metrics: { score: 81.2 } });
});
