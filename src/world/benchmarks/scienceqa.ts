import { type ChoiceQuestion, knowledgeQuestion } from '../questions/choice.ts';
import { LETTERS, letterOf } from './choices.ts';
import { type Exam, type Folder, STAGING, sheets } from './exam.ts';

const PICTURES = 240;

/** ScienceQA's problems and splits, and LLaVA's question file for its test split; every problem has a picture. */
export function scienceqa(exam: Exam): Folder {
  const items = sheets(exam, 'scienceqa', PICTURES, { ...STAGING, signProbability: 0.1 }).flatMap(
    ({ index, shot, random }) => {
      const question = knowledgeQuestion(shot.scene, random, false);
      return question ? [{ id: String(5000 + index), shot, question }] : [];
    },
  );
  const ids = items.map(({ id }) => id);
  const splits = { train: [], val: [], test: ids, trainval: [], minitrain: [], minival: [], minitest: ids };
  const problems = Object.fromEntries(items.map(({ id, question }) => [id, problem(question)]));
  return {
    files: {
      'problems.json': JSON.stringify(problems),
      'pid_splits.json': JSON.stringify(splits),
      'llava_test_CQM-A.json': JSON.stringify(items.map(({ id, question }) => llavaItem(id, question))),
    },
    images: items.map(({ id, shot }) => ({ name: `test/${id}/image.png`, shot })),
  };
}

function problem({ text, choices, answer, topic }: ChoiceQuestion): unknown {
  return {
    question: text,
    choices,
    answer: choices.indexOf(answer),
    hint: '',
    image: 'image.png',
    task: 'closed choice',
    grade: 'grade1',
    subject: topic === 'place' ? 'social science' : 'natural science',
    topic,
    category: topic === 'place' ? 'Where things are found' : 'Parts of things',
    skill: 'Know a thing from its picture',
    lecture: '',
    solution: `${text} ${answer} .`,
    split: 'test',
  };
}

function llavaItem(id: string, { text, choices, answer }: ChoiceQuestion): unknown {
  const options = choices.map((choice, i) => `(${LETTERS[i]}) ${choice}`).join(' ');
  return {
    id,
    image: `${id}/image.png`,
    conversations: [
      { from: 'human', value: `Context: N/A\nQuestion: ${text}\nOptions: ${options}\n<image>` },
      { from: 'gpt', value: `The answer is ${letterOf(choices, answer)}.` },
    ],
  };
}
