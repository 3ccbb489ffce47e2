import { type Answer, type Answers, stopAtAnswers, stopAtMissing } from '../answers.ts';
import { type Benchmark, chooseVariant, groupBy, mean, type Question } from '../benchmark.ts';
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
    const entries = await readAnnotations(folder);
    const prompts = await readPrompts(folder);
    const asked =
      prompts?.flatMap(({ question_id, text }) => keyOf(question_id, text) ?? []) ??
      entries.map(({ image_id, question }) => questionKey(image_id, question));
    const joined = join(
      answers,
      annotationsByKey(entries),
      groupBy(asked, (key) => key),
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
      notices: unaskedNotices(entries, new Set(joined.map(({ annotation }) => annotation))),
    };
  },
};

/** The official script takes the mean over the answers that are there; a question file may hold fewer than were annotated. */
function unaskedNotices(entries: readonly TextAnnotation[], asked: ReadonlySet<TextAnnotation>): readonly string[] {
  const unasked = entries.length - asked.size;
  return unasked > 0
    ? [`${unasked} of ${entries.length} annotated questions were not asked: the mean is over the others`]
    : [];
}

function bareQuestion(text: string): string {
  return text.split('\n').find((line) => !line.startsWith('Reference OCR token:')) ?? text;
}

function keyOf(imageId: string, prompt: string): string | undefined {
  const question = questionOfPrompt(prompt);
  return question === undefined ? undefined : questionKey(imageId, question);
}

type Joined = Readonly<{ answer: Answer; key: string; annotation: TextAnnotation }>;

/**
 * Each answer with its annotation, by image and question. An answer that finds none stops, and so does a question that is
 * answered more or less often than it was asked: the official script would take the mean over whatever is there.
 */
function join(
  answers: Answers,
  annotations: ReadonlyMap<string, TextAnnotation>,
  asked: ReadonlyMap<string, readonly string[]>,
): readonly Joined[] {
  const all = answers.lines.map((answer) => {
    const key = keyOf(String(answer.question_id), answer.prompt);
    return { answer, key, annotation: key === undefined ? undefined : annotations.get(key) };
  });
  const joined = all.filter((one): one is Joined => one.annotation !== undefined);
  if (joined.length < all.length) {
    const strangers = all.flatMap(({ answer, annotation }) => (annotation === undefined ? [answer] : []));
    const message = 'no question has this image id and the question in this prompt';
    stopAtAnswers(answers, strangers, 'unknown-question', message);
  }
  const given = groupBy(joined, ({ key }) => key);
  const repeated = [...given].flatMap(([key, some]) => some.slice(Math.max(1, asked.get(key)?.length ?? 1)));
  if (repeated.length > 0) {
    const lines = repeated.map(({ answer }) => answer);
    stopAtAnswers(answers, lines, 'repeated-answer', 'a second answer to the same question');
  }
  const missing = [...asked].flatMap(([key, times]) => times.slice(given.get(key)?.length ?? 0));
  if (missing.length > 0) {
    stopAtMissing(
      answers,
      missing.map((key) => key.split('\n')[0] ?? ''),
    );
  }
  return joined;
}
