import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { benchmarkNamed, benchmarks } from '../../src/benchmarks/list.ts';
import { textLines } from '../../src/benchmarks/text-file.ts';
import { writeConversation } from '../../src/data/template.ts';
import { differences } from './compare.ts';
import {
  type Recompute,
  recomputeGqa,
  recomputePope,
  recomputeTextvqa,
  recomputeVizwiz,
  recomputeVqav2,
} from './recompute-answers.ts';
import { recomputeMmbench, recomputeMmlu, recomputeMmvet, recomputeScienceqa } from './recompute-choices.ts';
import { recorded, recordedBenchmarks, scoringDir } from './scoring-dir.ts';

const recompute: Readonly<Record<string, Recompute>> = {
  gqa: recomputeGqa,
  mmbench: recomputeMmbench,
  mmlu: recomputeMmlu,
  mmvet: recomputeMmvet,
  pope: recomputePope,
  scienceqa: recomputeScienceqa,
  textvqa: recomputeTextvqa,
  vizwiz: recomputeVizwiz,
  vqav2: recomputeVqav2,
};

// words about the results, not results
const REMARKS = new Set(['sources', 'notes', 'note']);
const ORDER_FILES = ['llava_questions.jsonl', 'llava-mm-vet.jsonl', 'llava_pope_test.jsonl'];

it('finds the sets of official results', () => {
  expect(recordedBenchmarks().length).toBeGreaterThan(0);
  const known = benchmarks.map(({ name }) => name);
  expect(recordedBenchmarks().filter((name) => !known.includes(name))).toEqual([]);
});

describe.each(recordedBenchmarks())('%s scores as its official program does', (name) => {
  const folder = join(scoringDir, name);
  const { full_prompts: prompts, ...expected } = recorded(name);
  const { results, ...conversions } = expected;

  it.each(Object.keys(conversions).filter((key) => !REMARKS.has(key)))('%s', async (key) => {
    const actual = await recompute[name]?.(folder, expected);
    expect(differences(clean(expected[key]), actual?.[key])).toEqual([]);
  });

  it.each(Object.keys(results ?? {}))('%s', async (variant) => {
    const actual = await recompute[name]?.(folder, expected);
    expect(differences(clean(results[variant]), actual?.['results'][variant])).toEqual([]);
  });

  it.runIf(prompts !== undefined)('asks with the exact prompts of LLaVA-1.5', async () => {
    const questions = await benchmarkNamed(name).questions(folder, { prompt: 'llava', choices: 'letter' });
    const byKey = new Map(
      questions.map((question) => [`${question.id}\n${name === 'textvqa' ? question.text : ''}`, question]),
    );
    const order = orderFile(folder, name === 'textvqa') ?? [...byKey.keys()];
    const asked = order.map((key) => {
      const question = byKey.get(key);
      const image = question?.image === undefined ? '' : '<image>\n';
      const pieces = writeConversation('vicuna_v1', [{ question: `${image}${question?.text}` }]);
      return pieces.map(({ text }) => text).join('');
    });
    expect(asked).toEqual(prompts);
  });
});

// NaN is a value that a recorded score may have, so no round trip through JSON here
function clean(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(clean);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => (REMARKS.has(key) ? [] : [[key, clean(inner)]])),
  );
}

/** Question ids in the order of LLaVA's question file, where the set has one. */
function orderFile(folder: string, withText: boolean): readonly string[] | undefined {
  const name = ORDER_FILES.find((file) => existsSync(join(folder, file)));
  if (name === undefined) return undefined;
  return textLines(readFileSync(join(folder, name), 'utf8')).map((line) => {
    const { question_id, text } = JSON.parse(line) as { question_id: string | number; text: string };
    return `${question_id}\n${withText ? text : ''}`;
  });
}
