import * as tf from '@tensorflow/tfjs-core';
import { type AnswerLine, writeAnswers } from '../../benchmarks/answers.ts';
import type { Question } from '../../benchmarks/benchmark.ts';
import { benchmarkNamed } from '../../benchmarks/list.ts';
import { capture } from '../../engine/capture.ts';
import { sha256 } from '../../hash.ts';
import { type Asked, loadAsked } from '../../model/asked.ts';
import { type Generator, makeGenerator } from '../../nn/generate.ts';
import { ProblemError } from '../../problem.ts';
import type { Job, Run } from '../kind.ts';
import { answer, letterLogProbabilities, optionLogLikelihoods } from './ask.ts';
import { type Look, openGaze } from './gaze.ts';
import { openKeptAnswers } from './kept-answers.ts';
import type { Params } from './kind.ts';
import { optionTexts, type Prompt, promptsOf } from './prompt.ts';
import { batchesOf } from './share.ts';

type BenchmarkJob = Job<Params, 'model' | 'languageModel' | 'data', 'answers'>;

/** Fewer batches than this are answered before compiling would pay. */
const WORTH_COMPILING = 64;

export const run: Run<Params, 'model' | 'languageModel' | 'data', 'answers'> = async (job) => {
  const { params, input, output } = job;
  const { folder, type } = sourceOf(input);
  const questions = await benchmarkNamed(params.benchmark).questions(input.data as string, {
    prompt: params.prompt,
    choices: params.choices,
  });
  const asked = await loadAsked(folder, type, params.conversation);
  try {
    const { found, secondsPerQuestion } = await askAll(job, asked, promptsOf(asked, questions, params));
    await writeAnswers(
      output.answers,
      questions.map((question) => found.get(question) as AnswerLine),
    );
    return { questions: questions.length, secondsPerQuestion };
  } finally {
    tf.dispose(asked.weights);
  }
};

function sourceOf({ model, languageModel }: BenchmarkJob['input']): Readonly<{
  folder: string;
  type: 'model' | 'language-model';
}> {
  if (model !== undefined && languageModel === undefined) return { folder: model, type: 'model' };
  if (languageModel !== undefined && model === undefined) return { folder: languageModel, type: 'language-model' };
  throw new ProblemError({
    code: 'one-model',
    message: `a benchmark asks one model, and ${model === undefined ? 'none is' : 'two are'} connected`,
    hint: 'connect either `model` or `languageModel`',
  });
}

type Answered = Readonly<{ found: ReadonlyMap<Question, AnswerLine>; secondsPerQuestion: number }>;

/** Asks all questions. The batches follow from these alone, so that a resumed run asks the rest as the first would have. */
async function askAll(
  { params, scratch, signal, progress }: BenchmarkJob,
  asked: Asked,
  prompts: readonly Prompt[],
): Promise<Answered> {
  // each option of a question is a row of the batch
  const size = Math.max(
    1,
    Math.floor(params.batchSize / Math.max(1, ...prompts.map(({ options }) => options?.length ?? 1))),
  );
  const batches = batchesOf(prompts, size);
  const generator = makeGenerator(asked.decoder, batches.length < WORTH_COMPILING ? undefined : capture);
  const shown = batches.map((batch) => batch.flatMap(({ question }) => question.image ?? []));
  const gaze = asked.eyes === undefined ? undefined : openGaze(asked.eyes, shown);
  const kept = await openKeptAnswers(scratch);
  const found = new Map<Question, AnswerLine>();
  const started = performance.now();
  let answered = 0;
  try {
    for (const [number, batch] of batches.entries()) {
      const known = kept.get(number);
      await new Promise(setImmediate); // lets an interrupt be heard
      if (known === undefined) signal.throwIfAborted();
      const lines = known ?? (await askBatch(asked, generator, batch, params, gaze?.at(number)));
      batch.forEach(({ question }, i) => {
        found.set(question, lines[i] as AnswerLine);
      });
      if (known === undefined) {
        await kept.add(number, lines);
        answered += batch.length;
      }
      progress(found.size, prompts.length);
    }
  } finally {
    generator.dispose();
    gaze?.dispose();
  }
  return { found, secondsPerQuestion: (performance.now() - started) / 1000 / Math.max(1, answered) };
}

async function askBatch(
  asked: Asked,
  generator: Generator,
  batch: readonly Prompt[],
  { choices }: Params,
  look: Look | undefined,
): Promise<readonly AnswerLine[]> {
  if (batch.every(({ question }) => question.completion === true)) {
    const logs = await letterLogProbabilities(asked, batch, look);
    return batch.map(({ question }, i) => {
      const logprobs = logs[i] as Readonly<Record<string, number>>;
      const [best] = Object.entries(logprobs).reduce((a, b) => (b[1] > a[1] ? b : a));
      return line(question, best.trim(), { choices, logprobs });
    });
  }
  if (batch.every(({ options }) => options !== undefined)) {
    const likelihoods = await optionLogLikelihoods(asked, batch, look);
    return batch.map(({ question }, i) => {
      const logLikelihoods = likelihoods[i] ?? [];
      const best = logLikelihoods.indexOf(Math.max(...logLikelihoods)); // ties: the first
      const text = optionTexts(question.choices ?? [], choices)[best] ?? '';
      return line(question, text, { choices, choose: 'likelihood', logLikelihoods });
    });
  }
  const texts = await answer(asked, generator, batch, look);
  return batch.map(({ question }, i) =>
    line(question, texts[i] as string, question.choices === undefined ? undefined : { choices }),
  );
}

/** LLaVA gives every answer a random id; ours follows from the answer, so that equal answers are equal files. */
function line(question: Question, text: string, metadata: AnswerLine['metadata']): AnswerLine {
  const { id, recorded, extra } = question;
  return {
    question_id: id,
    prompt: recorded,
    text,
    answer_id: sha256(JSON.stringify([id, recorded, text])).slice(0, 22),
    model_id: 'seagraph',
    ...(metadata === undefined ? {} : { metadata }),
    ...(extra === undefined ? {} : { extra }),
  };
}
