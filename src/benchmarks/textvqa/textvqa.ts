import { type Answer, type Answers, stopAtAnswers, stopAtMissing } from '../answers.ts';
import { type Benchmark, chooseVariant, mean, type Question } from '../benchmark.ts';
import { imageFinder } from '../images.ts';
import { format } from '../python-text.ts';
import { SHORT_ANSWER } from '../short-answer.ts';
import { readAnnotations, readPrompts, type TextAnnotation } from './format.ts';
import { annotationsByKey, questionKey, questionOfPrompt, scoreAnswer } from './score.ts';

const variants = ['llava_m4c'] as const;

export const textvqa: Benchmark = {
  name: 'textvqa',
  summary:
    'Questions about text in photos, ten human answers each (TextVQA 0.5.1, textvqa.org; CC BY 4.0). Tables report accuracy ' +
    "on val with Rosetta's OCR tokens in the prompt (LLaVA's question file); without that file, without the tokens.",
  headline: 'accuracy, %',
  metrics: ['score'],
  variants,

  async questions(folder, { prompt }) {
    const image = await imageFinder(folder);
    const prompts =
      (await readPrompts(folder)) ??
      (await readAnnotations(folder)).map(({ image_id, question }) => ({
        question_id: image_id,
        image: `${image_id}.jpg`,
        text: `${question}\n${SHORT_ANSWER}`,
      }));
    return prompts.map(
      ({ question_id, image: name, text }): Question => ({
        id: question_id,
        image: image(name),
        text: prompt === 'bare' ? bareQuestion(text) : text,
        recorded: text,
        maxNewTokens: 128,
      }),
    );
  },

  async score(folder, answers, options) {
    const variant = chooseVariant(variants, options.variant);
    const annotations = annotationsByKey(await readAnnotations(folder));
    const joined = join(answers, annotations);
    const asked = (await readPrompts(folder))?.map(({ question_id, text }) => keyOf(question_id, text));
    const answered = new Set(joined.map(({ key }) => key));
    const missing = (asked ?? [...annotations.keys()]).filter((key) => key !== undefined && !answered.has(key));
    if (missing.length > 0)
      stopAtMissing(
        answers,
        missing.map((key) => (key ?? '').split('\n')[0] ?? ''),
      );
    const items = joined.map(({ answer, annotation }) => ({
      answer,
      annotation,
      ...scoreAnswer(annotation, answer.text),
    }));
    const accuracy = mean(items.map(({ score }) => score));
    return {
      metrics: { score: 100 * accuracy },
      questions: items.map(({ answer, annotation, score }) => ({
        id: answer.question_id,
        question: annotation.question,
        answer: answer.text,
        truth: annotation.answers,
        score,
      })),
      details: { variant, accuracy, printed: [`Samples: ${items.length}`, `Accuracy: ${format(100 * accuracy, 2)}%`] },
      notices: [],
    };
  },
};

function bareQuestion(text: string): string {
  return text.split('\n').find((line) => !line.startsWith('Reference OCR token:')) ?? text;
}

function keyOf(imageId: string, prompt: string): string | undefined {
  const question = questionOfPrompt(prompt);
  return question === undefined ? undefined : questionKey(imageId, question);
}

type Joined = Readonly<{ answer: Answer; key: string; annotation: TextAnnotation }>;

/** Each answer with its annotation, by image and question; anything that finds none, or comes twice, stops. */
function join(answers: Answers, annotations: ReadonlyMap<string, TextAnnotation>): readonly Joined[] {
  const joined: Joined[] = [];
  const strangers: Answer[] = [];
  const seen = new Set<string>();
  const repeated: Answer[] = [];
  for (const answer of answers.lines) {
    const key = keyOf(String(answer.question_id), answer.prompt);
    const annotation = key === undefined ? undefined : annotations.get(key);
    if (key === undefined || annotation === undefined) strangers.push(answer);
    else if (seen.has(key)) repeated.push(answer);
    else joined.push({ answer, key, annotation });
    if (key !== undefined) seen.add(key);
  }
  if (strangers.length > 0) {
    stopAtAnswers(
      answers,
      strangers,
      'unknown-question',
      'no question has this image id and the question in this prompt',
    );
  }
  if (repeated.length > 0) stopAtAnswers(answers, repeated, 'repeated-answer', 'a second answer to the same question');
  return joined;
}
