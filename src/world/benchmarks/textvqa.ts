import { signQuestion } from '../questions/look.ts';
import { type Exam, type Folder, STAGING, sheets } from './exam.ts';

const PICTURES = 200;

/** TextVQA 0.5.1: one question about the sign of each picture; there are no OCR tokens, reading is the task. */
export function textvqa(exam: Exam): Folder {
  const items = sheets(exam, 'textvqa', PICTURES, { ...STAGING, signProbability: 1 }).flatMap(
    ({ index, shot, random }) => {
      const question = signQuestion(shot.scene, random);
      return question ? [{ id: `a5${index.toString(16).padStart(14, '0')}`, index, shot, question }] : [];
    },
  );
  const data = items.map(({ id, index, question }) => ({
    question: question.text,
    question_id: 34602 + index,
    image_id: id,
    answers: Array.from({ length: 10 }, () => question.answer),
    image_classes: [],
    question_tokens: question.text.split(' '),
    flickr_original_url: '',
    flickr_300k_url: '',
    image_width: exam.side,
    image_height: exam.side,
    set_name: 'val',
  }));
  const file = { dataset_type: 'val', dataset_name: 'textvqa', dataset_version: '0.5.1', data };
  return {
    files: { 'TextVQA_0.5.1_val.json': JSON.stringify(file) },
    images: items.map(({ id, shot }) => ({ name: `${id}.png`, shot })),
  };
}
