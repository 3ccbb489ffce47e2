import { distinct } from '../question.ts';
import { type RelationQuestion, relationQuestion } from '../questions/relation.ts';
import { type Exam, type Folder, type Sheet, STAGING, sheets } from './exam.ts';

const PICTURES = 130;
const QUESTIONS_PER_PICTURE = 3;

/** GQA's balanced test-dev questions, with their functional programs; pictures have two or three kinds and no sign. */
export function gqa(exam: Exam): Folder {
  const items = sheets(exam, 'gqa', PICTURES, { ...STAGING, signProbability: 0, fewestKinds: 2 })
    .map((sheet) => ({ sheet, questions: relationQuestions(sheet) }))
    .filter(({ questions }) => questions.length > 0);
  const questions = items.flatMap(({ sheet, questions }) => {
    return questions.map((question, i) => {
      const id = String(10100000 + sheet.index * QUESTIONS_PER_PICTURE + i);
      return [id, entry(id, imageId(sheet), question)] as const;
    });
  });
  return {
    files: { 'testdev_balanced_questions.json': JSON.stringify(Object.fromEntries(questions)) },
    images: items.map(({ sheet }) => ({ name: `${imageId(sheet)}.png`, shot: sheet.shot })),
  };
}

function relationQuestions({ shot, random }: Sheet): readonly RelationQuestion[] {
  return distinct(QUESTIONS_PER_PICTURE, () => relationQuestion(shot.scene, random));
}

function imageId({ index }: Sheet): string {
  return String(2370000 + index);
}

function entry(id: string, image: string, question: RelationQuestion): unknown {
  const { text, answer, topic, structural, semantic, operations } = question;
  return {
    question: text,
    imageId: image,
    answer,
    fullAnswer: structural === 'verify' ? answer : `it is ${answer}`,
    isBalanced: true,
    groups: { global: topic, local: `${image}-${topic}` },
    entailed: [id],
    equivalent: [id],
    types: { structural, semantic, detailed: topic },
    semantic: operations.map(({ operation, argument }, i) => {
      return { operation, dependencies: i === 0 ? [] : [i - 1], argument };
    }),
    semanticStr: operations.map(({ operation, argument }) => `${operation}: ${argument}`).join('->'),
    annotations: { question: {}, answer: {}, fullAnswer: {} },
  };
}
