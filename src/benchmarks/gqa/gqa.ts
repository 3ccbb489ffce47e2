import { answersById, repeatedNotices, stopAtMissing } from '../answers.ts';
import { type Benchmark, chooseVariant } from '../benchmark.ts';
import { imageFinder } from '../images.ts';
import { dumpJson } from '../python-text.ts';
import { SHORT_ANSWER } from '../short-answer.ts';
import { readExtras, readQuestions } from './format.ts';
import { printGqa, scoreGqa, toPrediction } from './score.ts';

const variants = ['llava_mode', 'full_mode'] as const;

export const gqa: Benchmark = {
  name: 'gqa',
  summary:
    'Compositional questions about scenes, one answer each (GQA, gqadataset.org; CC BY 4.0). Tables report accuracy on ' +
    'testdev_balanced. full_mode adds consistency, validity, plausibility and grounding where their files are there.',
  headline: 'accuracy on the balanced questions, %',
  metrics: ['score', 'binary', 'open', 'distribution'],
  variants,

  async questions(folder, { prompt }) {
    const image = await imageFinder(folder);
    return Array.from(await readQuestions(folder), ([id, { question, imageId }]) => ({
      id,
      image: image(`${imageId}.jpg`),
      text: prompt === 'bare' ? question : `${question}\n${SHORT_ANSWER}`,
      recorded: `${question}\n${SHORT_ANSWER}`,
      maxNewTokens: 128,
    }));
  },

  async score(folder, answers, options) {
    const variant = chooseVariant(variants, options.variant);
    const full = variant === 'full_mode';
    const questions = await readQuestions(folder);
    const byId = answersById(answers, (id) => questions.has(id));
    const missing = [...questions].flatMap(([id, { isBalanced }]) =>
      !byId.has(id) && (full || isBalanced) ? [id] : [],
    );
    if (missing.length > 0) stopAtMissing(answers, missing);
    const predictions = new Map(Array.from(byId, ([id, { text }]) => [id, toPrediction(text)]));
    const scores = scoreGqa(questions, predictions, full ? await readExtras(folder) : undefined);
    const {
      accuracy,
      accuracyPerStructuralType,
      accuracyPerSemanticType,
      accuracyPerSteps,
      accuracyPerLength,
      ...others
    } = scores;
    const shares = { accuracyPerStructuralType, accuracyPerSemanticType, accuracyPerSteps, accuracyPerLength };
    const { consistency, grounding, validity, plausibility, ...always } = others;
    return {
      metrics: {
        score: accuracy,
        ...always,
        ...(full ? { consistency, grounding, validity, plausibility } : {}),
        ...Object.fromEntries(
          Array.from(accuracyPerStructuralType, ([name, { percent }]) => [`structural.${name}`, percent]),
        ),
        ...Object.fromEntries(
          Array.from(accuracyPerSemanticType, ([name, { percent }]) => [`semantic.${name}`, percent]),
        ),
      },
      questions: Array.from(questions).flatMap(([id, { isBalanced, question, answer }]) =>
        isBalanced
          ? [
              {
                id,
                question,
                answer: byId.get(id)?.text ?? '',
                truth: answer,
                score: predictions.get(id) === answer ? 1 : 0,
              },
            ]
          : [],
      ),
      details: {
        variant,
        accuracy,
        ...others,
        ...Object.fromEntries(Object.entries(shares).map(([name, map]) => [name, Object.fromEntries(map)])),
        printed: printGqa(scores, full),
      },
      notices: repeatedNotices(answers),
    };
  },

  async submission(folder, answers) {
    const questions = await readQuestions(folder);
    answersById(answers, (id) => questions.has(id));
    const entries = answers.lines.map(({ question_id, text }) => ({
      questionId: question_id,
      prediction: toPrediction(text),
    }));
    return { name: 'testdev_balanced_predictions.json', bytes: dumpJson(entries), notices: [] };
  },
};
