import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAnswers, writeAnswers } from '../../src/benchmarks/answers.ts';
import { narrow } from '../../src/cli/narrow.ts';
import { createInlineExecutor } from '../../src/executors/inline.ts';
import type { Digest } from '../../src/hash.ts';
import { sourcesOf } from '../../src/plan/key.ts';
import { plan } from '../../src/plan/plan.ts';
import { run } from '../../src/run/run.ts';
import type { Experiment } from '../../src/spec/experiment.ts';
import { loadExperiment } from '../../src/spec/load.ts';
import type { AnyKind, Metrics } from '../../src/stages/kind.ts';
import { kinds as builtIn } from '../../src/stages/kinds.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { createSources } from '../../src/store/sources.ts';
import { captionLength } from '../examples/caption-length/kind.ts';
import { yesNo } from '../examples/yes-no/yes-no.ts';

const examples = join(import.meta.dirname, '..', 'examples');
const kinds: readonly AnyKind[] = [...builtIn, captionLength];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sea-examples-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function load(file: string, list = kinds): Experiment {
  const result = loadExperiment(join(examples, file), list, (path) => readFileSync(path, 'utf8'));
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join('\n'));
  return result.value;
}

/** Runs an experiment to its end in this process; the metrics of its stages by id. */
async function runAll(experiment: Experiment, cache: string): Promise<ReadonlyMap<string, Metrics>> {
  const store = createMemoryStore(join(folder, cache));
  const sources = createSources({ load: () => new Map<string, never>(), save: () => undefined });
  const byName = new Map(kinds.map((kind) => [kind.kind, kind]));
  const paths = experiment.stages.flatMap(({ kind, params }) =>
    Object.values(sourcesOf(byName.get(kind) as AnyKind, params)),
  );
  const digests = await sources(paths);
  const executor = createInlineExecutor(kinds);
  const never = new AbortController().signal;
  const lookup = (path: string): Digest | undefined => digests.get(path);
  const metrics = new Map<string, Metrics>();
  for await (const event of run({
    plan: plan(experiment, kinds, store, lookup),
    kinds,
    store,
    executor,
    sources,
    jobs: 2,
    failFast: true,
    stop: never,
    kill: never,
    origin: { seagraph: 'test' },
  })) {
    if (event.type === 'failed') throw new Error(`${event.stage}: ${event.failure.message}`);
    if (event.type === 'finished') metrics.set(event.stage, event.metrics);
  }
  await executor.close();
  store.close();
  return metrics;
}

describe('the example stage kind', () => {
  it('runs in an experiment once it is in the list', async () => {
    const metrics = await runAll(load('caption-length/captions.yaml'), 'captions');
    expect(metrics.get('length[Words]')).toEqual({ mean: 4, answers: 2 });
    expect(metrics.get('length[Characters]')).toEqual({ mean: 15.5, answers: 2 });
  });

  it('is unknown before', () => {
    expect(() => load('caption-length/captions.yaml', builtIn)).toThrow('caption-length');
  });
});

describe('the example encoder', () => {
  it('is a row that reads a checkpoint wherever the base reads its own encoder', () => {
    const { stages, cells } = load('own-encoder.yaml');
    const cell = cells.find(({ row }) => row === 'Mine');
    const readers = Object.values(cell?.stages ?? {}).flatMap((id) => {
      const stage = stages.find((one) => one.id === id);
      return Object.entries(stage?.inputs ?? {})
        .filter(([port]) => port === 'encoder')
        .map(([, ref]) => ref.stage);
    });
    expect(readers.length).toBeGreaterThan(1);
    expect(new Set(readers)).toEqual(new Set(['mine']));
  });

  it('is taken in from its folder', async () => {
    const part = narrow(load('own-encoder.yaml'), { rows: [], stages: ['mine'] });
    if (!part.ok) throw new Error(part.problems.map(({ message }) => message).join('\n'));
    const metrics = await runAll(part.value, 'encoder');
    expect(metrics.get('mine')?.['parameters']).toBeGreaterThan(10_000);
  });
});

describe('the example benchmark', () => {
  const questions = [
    { question_id: 1, image: 'a.png', text: 'Is there a boat?', label: 'yes' },
    { question_id: 2, image: 'b.png', text: 'Is there a gull?', label: 'no' },
    { question_id: 3, image: 'b.png', text: 'Is it night?', label: 'no' },
  ];
  const answersOf = async (texts: readonly string[]) => {
    const file = join(folder, 'answers.jsonl');
    await writeAnswers(
      file,
      texts.map((text, i) => ({ question_id: i + 1, prompt: '', text, answer_id: `${i}`, model_id: 'test' })),
    );
    return readAnswers(file);
  };
  const data = () => join(folder, 'yes-no');
  beforeAll(() => {
    mkdirSync(join(data(), 'images'), { recursive: true });
    writeFileSync(join(data(), 'images', 'a.png'), '');
    writeFileSync(join(data(), 'questions.jsonl'), questions.map((one) => `${JSON.stringify(one)}\n`).join(''));
  });

  it('asks its questions with their images', async () => {
    const asked = await yesNo.questions(data(), { prompt: 'bare', choices: 'letter' });
    expect(asked.map(({ text }) => text)).toEqual(questions.map(({ text }) => text));
    expect(asked[0]?.image).toMatchObject({ name: 'a.png', path: join(data(), 'images', 'a.png') });
  });

  it('scores the first word of each answer', async () => {
    const { metrics, questions: marked } = await yesNo.score(data(), await answersOf(['Yes, one.', 'yes', 'No']), {});
    expect(marked.map(({ score }) => score)).toEqual([1, 0, 1]);
    expect(metrics['score']).toBeCloseTo(200 / 3, 10);
  });

  it('stops at a question without an answer', async () => {
    await expect(yesNo.score(data(), await answersOf(['yes', 'no']), {})).rejects.toThrow('a question has no answer');
  });

  it('stops at a question file of another shape, naming the line', async () => {
    const other = join(folder, 'other');
    mkdirSync(other);
    writeFileSync(join(other, 'questions.jsonl'), `${JSON.stringify({ ...questions[0], label: 'maybe' })}\n`);
    await expect(yesNo.questions(other, { prompt: 'bare', choices: 'letter' })).rejects.toMatchObject({
      problems: [{ code: 'wrong-shape', at: { line: 1 } }],
    });
  });
});
