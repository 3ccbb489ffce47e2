import { distinct } from '../question.ts';
import { type DescribeQuestion, describeQuestion } from '../questions/describe.ts';
import { type Exam, type Folder, type Sheet, STAGING, sheets } from './exam.ts';

const PICTURES = 150;
const QUESTIONS_PER_PICTURE = 2;

/** MM-Vet: answers of several parts that all count, and the capabilities that each question takes. */
export function mmvet(exam: Exam): Folder {
  const items = sheets(exam, 'mmvet', PICTURES, { ...STAGING, signProbability: 0.5 });
  const asked = items.flatMap((sheet) => describeQuestions(sheet).map((question) => ({ sheet, question })));
  const questions = asked.map(({ sheet, question }, i) => [
    `v1_${i}`,
    {
      imagename: imageName(sheet),
      question: question.text,
      answer: question.parts.join('<AND>'),
      imagesource: 'mini world',
      capability: question.capabilities,
    },
  ]);
  return {
    files: { 'mm-vet.json': JSON.stringify(Object.fromEntries(questions)) },
    images: items.map((sheet) => ({ name: imageName(sheet), shot: sheet.shot })),
  };
}

function describeQuestions({ shot, random }: Sheet): readonly DescribeQuestion[] {
  return distinct(QUESTIONS_PER_PICTURE, () => describeQuestion(shot.scene, random));
}

function imageName({ index }: Sheet): string {
  return `v1_${index}.png`;
}
