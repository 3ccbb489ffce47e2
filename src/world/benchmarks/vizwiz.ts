import { blindQuestion, UNANSWERABLE } from '../questions/look.ts';
import { DEGRADATIONS } from '../vocabulary.ts';
import { annotated } from './annotated.ts';
import { type Exam, type Folder, STAGING, sheets } from './exam.ts';

const PICTURES = 300;

/** VizWiz: bad photos, one question each; some cannot be answered from the picture. */
export function vizwiz(exam: Exam): Folder {
  const degradations = [...DEGRADATIONS, 'black' as const];
  const items = sheets(exam, 'vizwiz', PICTURES, { ...STAGING, degradeProbability: 0.6, degradations }).map(
    ({ index, shot, random }) => {
      const image = `VizWiz_val_${String(index).padStart(8, '0')}.png`;
      return { image, shot, question: blindQuestion(shot.scene, random) };
    },
  );
  const annotations = items.map(({ image, question: { text, answer, topic } }) => {
    const unanswerable = answer === UNANSWERABLE;
    return {
      image,
      question: text,
      answers: Array.from({ length: 10 }, () => ({ answer: annotated(answer), answer_confidence: 'yes' })),
      answer_type: unanswerable ? 'unanswerable' : topic === 'count' ? 'number' : 'other',
      answerable: unanswerable ? 0 : 1,
    };
  });
  return {
    files: { 'val.json': JSON.stringify(annotations) },
    images: items.map(({ image, shot }) => ({ name: image, shot })),
  };
}
