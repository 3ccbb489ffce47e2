import { distinct, type Question } from '../question.ts';
import { lookQuestion } from '../questions/look.ts';
import { annotated } from './annotated.ts';
import { type Exam, type Folder, sheets } from './exam.ts';

const PICTURES = 150;
const QUESTIONS_PER_PICTURE = 3;
const SUBTYPE = 'val2014';

const QUESTION_TYPES: Readonly<Record<string, string>> = {
  color: 'what color is the',
  thing: 'what is the',
  count: 'how many',
  scene: 'where is this',
  size: 'what size is the',
  pattern: 'what pattern has the',
};

/** VQA v2's questions and annotations; ten people give the same answer. */
export function vqav2(exam: Exam): Folder {
  const items = sheets(exam, 'vqav2', PICTURES).map(({ index, shot, random }) => ({
    id: 1000 + index,
    shot,
    questions: distinct(QUESTIONS_PER_PICTURE, () => lookQuestion(shot.scene, random)),
  }));
  const asked = items.flatMap(({ id, questions }) => {
    return questions.map((question, i) => ({ id, question, questionId: id * 1000 + i }));
  });
  const head = { info: { description: 'mini world', version: '2.0' }, license: {}, data_type: 'mscoco' };
  const files = {
    'questions.json': JSON.stringify({
      ...head,
      task_type: 'Open-Ended',
      data_subtype: SUBTYPE,
      questions: asked.map(({ id, question, questionId }) => {
        return { image_id: id, question: question.text, question_id: questionId };
      }),
    }),
    'annotations.json': JSON.stringify({
      ...head,
      data_subtype: SUBTYPE,
      annotations: asked.map(({ id, question, questionId }) => annotation(id, questionId, question)),
    }),
  };
  return { files, images: items.map(({ id, shot }) => ({ name: imageName(id), shot })) };
}

function annotation(id: number, questionId: number, { topic, answer: said }: Question): unknown {
  const answer = annotated(said);
  return {
    question_type: QUESTION_TYPES[topic] ?? 'none of the above',
    multiple_choice_answer: answer,
    answers: Array.from({ length: 10 }, (_, i) => ({ answer, answer_confidence: 'yes', answer_id: i + 1 })),
    image_id: id,
    answer_type: topic === 'count' ? 'number' : 'other',
    question_id: questionId,
  };
}

function imageName(id: number): string {
  return `COCO_${SUBTYPE}_${String(id).padStart(12, '0')}.png`;
}
