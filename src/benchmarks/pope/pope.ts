import { ProblemError } from '../../problem.ts';
import { type Answer, type Answers, stopAtAnswers } from '../answers.ts';
import { type Benchmark, cannotScore, chooseVariant, groupBy, mean, type Question } from '../benchmark.ts';
import { imageFinder } from '../images.ts';
import { SHORT_ANSWER } from '../short-answer.ts';
import { type PopeLabel, type PopeQuestion, readLabels, readQuestions } from './format.ts';
import { decide, type PopeScore, scorePope } from './score.ts';

// the same rules from two hands: LLaVA's script and the benchmark's own
const variants = ['llava_eval_pope', 'aoidragon_evaluate'] as const;

export const pope: Benchmark = {
  name: 'pope',
  summary:
    'Is there a ... in the image? Half of the objects are not (POPE, AoiDragon/POPE; MIT). Tables report the mean of the ' +
    'F1 scores of random, popular and adversarial objects.',
  headline: 'mean F1 of the three categories, %',
  metrics: ['score', 'f1', 'accuracy', 'precision', 'recall', 'yesRatio'],
  variants,

  async questions(folder, { prompt }) {
    const image = await imageFinder(folder);
    return (await readQuestions(folder)).map(
      ({ id, image: name, text }): Question => ({
        id,
        image: image(name),
        text: prompt === 'bare' && text.endsWith(`\n${SHORT_ANSWER}`) ? text.slice(0, -SHORT_ANSWER.length - 1) : text,
        recorded: text,
        maxNewTokens: 128,
      }),
    );
  },

  async score(folder, answers, options) {
    const variant = chooseVariant(variants, options.variant);
    const questions = await readQuestions(folder);
    const labels = await readLabels(folder);
    if (labels.size === 0)
      throw new ProblemError({ code: 'missing-file', message: `no coco_pope_*.json in ${folder}/coco` });
    const byCategory = answersByCategory(answers, questions);
    const unlabelled = [...byCategory.keys()].filter((category) => !labels.has(category));
    if (unlabelled.length > 0) {
      const names = unlabelled.map((category) => `coco_pope_${category}.json`).join(', ');
      throw new ProblemError({ code: 'missing-file', message: `no ${names} in ${folder}/coco, but answers for it` });
    }
    const categories = new Map(
      Array.from(labels, ([category, lines]): [string, PopeScore] => {
        const own = byCategory.get(category);
        if (own === undefined) throw cannotScore(`no answer in ${answers.file} is to a question of POPE ${category}`);
        const score = scorePope(
          category,
          own.map(({ text }) => text),
          lines.map(({ label }) => label),
        );
        return [category, score];
      }),
    );
    const percent = (key: 'f1' | 'accuracy' | 'precision' | 'recall' | 'yesRatio'): number =>
      mean(Array.from(categories.values(), (score) => score[key])) * 100;
    return {
      metrics: {
        score: percent('f1'),
        f1: percent('f1'),
        accuracy: percent('accuracy'),
        precision: percent('precision'),
        recall: percent('recall'),
        yesRatio: percent('yesRatio'),
        ...Object.fromEntries(Array.from(categories, ([category, { f1 }]) => [`f1.${category}`, f1 * 100])),
      },
      questions: Array.from(labels).flatMap(([category, lines]) => pairs(byCategory.get(category) ?? [], lines)),
      details: { variant, categories: Object.fromEntries(categories) },
      notices: [...positionNotices(byCategory, questions, labels), ...labelNotices(questions, labels)],
    };
  },
};

/** Answers in file order, by the category of their question. */
export function answersByCategory(
  answers: Answers,
  questions: readonly PopeQuestion[],
): ReadonlyMap<string, readonly Answer[]> {
  const categories = new Map(questions.map(({ id, category }) => [String(id), category]));
  const strangers = answers.lines.filter(({ question_id }) => !categories.has(String(question_id)));
  if (strangers.length > 0) stopAtAnswers(answers, strangers, 'unknown-question', 'no question has this id');
  return groupBy(answers.lines, ({ question_id }) => categories.get(String(question_id)) ?? '');
}

function pairs(answers: readonly Answer[], labels: readonly PopeLabel[]) {
  return answers.slice(0, labels.length).map(({ question_id, prompt, text }, index) => {
    const { label = '', text: question = prompt } = labels[index] ?? {};
    return {
      id: question_id,
      question,
      answer: text,
      truth: label,
      score: (decide(text) === 'no') === (label === 'no') ? 1 : 0,
    };
  });
}

/** The official script pairs by position; where that does not pair a question with its own label, say so. */
function positionNotices(
  answers: ReadonlyMap<string, readonly Answer[]>,
  questions: readonly PopeQuestion[],
  labels: ReadonlyMap<string, readonly PopeLabel[]>,
): readonly string[] {
  return Array.from(labels).flatMap(([category, lines]) => {
    const asked = questions.filter((question) => question.category === category).map(({ id }) => String(id));
    const answered = (answers.get(category) ?? []).map(({ question_id }) => String(question_id));
    const inOrder = asked.length === answered.length && asked.every((id, index) => id === answered[index]);
    if (inOrder && answered.length === lines.length) return [];
    return [
      `${category}: ${answered.length} answers for ${lines.length} labels${inOrder ? '' : ', not in the order of the questions'}: ` +
        'paired by position, as the official script does',
    ];
  });
}

/** What the official script does not look at: labels of another spelling, and labels of other questions. */
function labelNotices(
  questions: readonly PopeQuestion[],
  labels: ReadonlyMap<string, readonly PopeLabel[]>,
): readonly string[] {
  return Array.from(labels).flatMap(([category, lines]) => {
    const odd = lines.filter(({ label }) => label !== 'yes' && label !== 'no');
    const asked = questions.filter((question) => question.category === category);
    const other = lines.filter(({ text }, i) => text !== undefined && asked[i]?.text.startsWith(text) === false);
    return [
      ...(odd.length > 0
        ? [
            `${category}: ${odd.length} labels are neither yes nor no, like "${odd[0]?.label}": taken for yes, as officially`,
          ]
        : []),
      ...(other.length > 0
        ? [`${category}: ${other.length} labels stand in the place of another question, like "${other[0]?.text}"`]
        : []),
    ];
  });
}
