import * as tf from '@tensorflow/tfjs-core';
import { type AnswerLine, writeAnswers } from '../../benchmarks/answers.ts';
import type { Question } from '../../benchmarks/benchmark.ts';
import { benchmarkNamed } from '../../benchmarks/list.ts';
import { capture } from '../../engine/capture.ts';
import { sha256 } from '../../hash.ts';
import type { Compile } from '../../nn/compile.ts';
import { makeGenerator } from '../../nn/generate.ts';
import { ProblemError } from '../../problem.ts';
import type { Run } from '../kind.ts';
import { answer, letterLogProbabilities, type Prompt, promptOf } from './ask.ts';
import type { Params } from './kind.ts';
import { type Asked, loadAsked } from './model.ts';

/** Fewer batches than this are answered before compiling would pay. */
const WORTH_COMPILING = 64;

export const run: Run<Params, 'model' | 'languageModel' | 'data', 'answers'> = async ({
  params,
  input,
  output,
  signal,
  progress,
}) => {
  const source = input.model ?? input.languageModel;
  if (source === undefined || (input.model !== undefined && input.languageModel !== undefined)) {
    throw new ProblemError({
      code: 'one-model',
      message: 'a benchmark asks one model: connect either `model` or `languageModel`',
    });
  }
  const questions = await benchmarkNamed(params.benchmark).questions(input.data as string, {
    prompt: params.prompt,
    choices: params.choices,
  });
  const { asked, dispose } = await loadAsked(
    source,
    input.model === undefined ? 'language-model' : 'model',
    params.conversation,
  );
  const started = performance.now();
  const found = await askAll(asked, questions, params, signal, progress);
  await writeAnswers(
    output.answers,
    questions.map((question) => found.get(question) as AnswerLine),
  );
  dispose();
  return {
    questions: questions.length,
    secondsPerQuestion: (performance.now() - started) / 1000 / Math.max(1, questions.length),
  };
};

/** All questions, longest prompts first (what does not fit in memory fails at once), in batches of similar length. */
async function askAll(
  asked: Asked,
  questions: readonly Question[],
  params: Params,
  signal: AbortSignal,
  progress: (step: number, of: number) => void,
): Promise<ReadonlyMap<Question, AnswerLine>> {
  const prompts = questions
    .map((question) => promptOf(asked, question))
    .sort((a, b) => b.sequence.ids.length - a.sequence.ids.length);
  checkLength(asked, prompts[0], params);
  const batches = Array.from({ length: Math.ceil(prompts.length / params.batchSize) }, (_, i) =>
    prompts.slice(i * params.batchSize, (i + 1) * params.batchSize),
  );
  const generator = makeGenerator(asked.decoder, batches.length < WORTH_COMPILING ? eagerly : capture);
  const found = new Map<Question, AnswerLine>();
  try {
    for (const batch of batches) {
      await new Promise(setImmediate); // lets an interrupt be heard
      signal.throwIfAborted();
      const lines = await askBatch(asked, generator, batch, params);
      batch.forEach(({ question }, i) => {
        found.set(question, lines[i] as AnswerLine);
      });
      progress(found.size, prompts.length);
    }
  } finally {
    generator.dispose();
  }
  return found;
}

const eagerly: Compile = (fn) => ({
  run: (inputs) => tf.tidy(() => fn(inputs) as tf.TensorContainerObject) as ReturnType<typeof fn>,
  dispose: () => {},
});

async function askBatch(
  asked: Asked,
  generator: ReturnType<typeof makeGenerator>,
  batch: readonly Prompt[],
  params: Params,
): Promise<readonly AnswerLine[]> {
  if (batch.every(({ question }) => question.completion === true)) {
    const logs = await letterLogProbabilities(asked, batch);
    return batch.map(({ question }, i) => {
      const logprobs = logs[i] as Readonly<Record<string, number>>;
      const best = Object.entries(logprobs).reduce((a, b) => (b[1] > a[1] ? b : a))[0];
      return line(question, best.trim(), { choices: params.choices, logprobs });
    });
  }
  const maxNew = params.maxNewTokens ?? Math.max(...batch.map(({ question }) => question.maxNewTokens));
  const texts = await answer(asked, generator, batch, maxNew);
  return batch.map(({ question }, i) =>
    line(question, texts[i] as string, question.choices === undefined ? undefined : { choices: params.choices }),
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

function checkLength({ decoder }: Asked, longest: Prompt | undefined, { benchmark }: Params): void {
  const length = longest?.sequence.ids.length ?? 0;
  if (length < decoder.maxPositions) return;
  throw new ProblemError({
    code: 'prompt-too-long',
    message: `question ${longest?.question.id} of ${benchmark} takes ${length} tokens; the model has ${decoder.maxPositions} positions`,
  });
}
