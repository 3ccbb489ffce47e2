import { type Answer, answersById, repeatedNotices, stopAtAnswers } from '../answers.ts';
import { type Benchmark, chooseVariant, groupBy, type Question } from '../benchmark.ts';
import { byLikelihood, choiceMode, LETTERS, LIKELIHOOD_NOTICE, toLetter } from '../choices.ts';
import { imageFinder } from '../images.ts';
import { readSplit, type ScienceProblem } from './format.ts';
import { askProblem, recordedPrompt } from './prompt.ts';
import { scoreScience } from './score.ts';

const variants = ['llava'] as const;

export const scienceqa: Benchmark = {
  name: 'scienceqa',
  summary:
    'School science questions with 2 to 5 options, some with an image (ScienceQA, scienceqa.github.io; CC BY-NC-SA 4.0). ' +
    'Tables report IMG-Accuracy on test: only the questions with an image.',
  headline: 'IMG-Accuracy, %',
  metrics: ['score', 'accuracy'],
  variants,

  async questions(folder, asking) {
    const image = await imageFinder(folder);
    return Array.from(
      await readSplit(folder),
      ([id, problem]): Question => ({
        id,
        ...(problem.image === null ? {} : { image: image(`test/${id}/${problem.image}`, `${id}/${problem.image}`) }),
        text: askProblem(problem, asking),
        recorded: recordedPrompt(problem),
        maxNewTokens: 1024,
        choices: problem.choices,
      }),
    );
  },

  async score(folder, answers, options) {
    const variant = chooseVariant(variants, options.variant);
    const mode = choiceMode(answers, options);
    const likely = byLikelihood(answers);
    const problems = await readSplit(folder);
    const byId = answersById(answers, (id) => problems.has(id));
    const unprompted = [...byId.values()].filter(({ prompt }) => prompt === '');
    if (unprompted.length > 0) {
      const message = 'no `prompt`, which tells whether there was an image, in the answer to';
      stopAtAnswers(answers, unprompted, 'no-prompt', message);
    }
    const texts = new Map(
      Array.from(byId, ([id, { text, prompt }]) => {
        const letter = mode === 'text' ? toLetter(text, problems.get(id)?.choices ?? []) : text;
        return [id, { text: letter, prompt }];
      }),
    );
    const score = scoreScience(problems, texts);
    const missing = [...problems.keys()].filter((id) => !byId.has(id));
    const bySubject = groupBy(problems, ([, problem]) => problem.subject ?? 'none');
    return {
      metrics: {
        score: score.imageAccuracy,
        accuracy: score.accuracy,
        ...Object.fromEntries(
          Array.from(bySubject, ([subject, some]) => {
            const right = some.filter(([id]) => score.items.get(id)?.correct).length;
            return [`subject.${subject}`, (100 * right) / some.length];
          }),
        ),
      },
      questions: Array.from(problems, ([id, { question, answer }]) => ({
        id,
        question,
        answer: byId.get(id)?.text ?? '',
        truth: LETTERS[answer] ?? answer,
        score: score.items.get(id)?.correct ? 1 : 0,
      })),
      details: {
        variant,
        choices: mode,
        ...(likely ? { choose: 'likelihood' } : {}),
        acc: score.accuracy,
        imgAcc: score.imageAccuracy,
        correct: score.correct,
        count: score.count,
        imgCorrect: score.imageCorrect,
        imgCount: score.imageCount,
        missing: missing.length,
        printed: score.printed,
      },
      notices: [
        ...(likely ? [LIKELIHOOD_NOTICE] : []),
        ...noticesOf(problems, byId, missing.length),
        ...repeatedNotices(answers),
      ],
    };
  },
};

/** What the official script passes over in silence. */
function noticesOf(
  problems: ReadonlyMap<string, ScienceProblem>,
  answers: ReadonlyMap<string, Answer>,
  missing: number,
): readonly string[] {
  const unlike = [...answers].filter(
    ([id, { prompt }]) => prompt.includes('<image>') !== (problems.get(id)?.image !== null),
  );
  return [
    ...(missing > 0 ? [`${missing} problems have no answer: wrong in Accuracy, outside IMG-Accuracy`] : []),
    ...(unlike.length > 0
      ? [
          `the prompts of ${unlike.length} answers say otherwise than problems.json whether there is an image; ` +
            'IMG-Accuracy goes by the prompts, as the official script does',
        ]
      : []),
  ];
}
