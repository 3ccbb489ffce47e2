import { cannotScore } from '../benchmark.ts';
import type { GqaExtras, GqaQuestion, GqaScene } from './format.ts';

/** x0, y0, x1, y1 in parts of the image */
type Box = readonly [number, number, number, number];

const MAP_SIZE = 7;

/**
 * How much of a question's attention map lies on the regions that its annotations name (GQA eval.py, spatial
 * features): sum over regions and cells of attention x covered share of the cell.
 */
export function groundingOf(id: string, question: GqaQuestion, { scenes, attentions }: GqaExtras): number {
  const scene = scenes.get(question.imageId);
  const attention = attentions.get(id);
  if (scene === undefined || attention === undefined) {
    throw cannotScore(`no ${scene === undefined ? 'scene graph' : 'attention map'} for question ${id}`);
  }
  const { question: asked = {}, fullAnswer = {} } = question.annotations ?? {};
  const regions = [...Object.values(asked), ...Object.values(fullAnswer)].map((object) => boxOf(scene, object));
  let sum = 0;
  for (const region of regions) {
    for (let i = 0; i < MAP_SIZE; i++) {
      for (let j = 0; j < MAP_SIZE; j++) {
        const weight = attention[i]?.[j];
        if (weight === undefined) throw cannotScore(`the attention map of question ${id} is not 7 x 7`);
        sum += weight * coveredShare(cell(i, j), region);
      }
    }
  }
  return sum;
}

function boxOf(scene: GqaScene, object: string): Box {
  const found = scene.objects[object];
  if (found === undefined) throw cannotScore(`the scene graph has no object ${object}`);
  const { x, y, w, h } = found;
  return [x / scene.width, y / scene.height, (x + w) / scene.width, (y + h) / scene.height];
}

function cell(i: number, j: number): Box {
  const edge = 1 / MAP_SIZE;
  return [edge * i, edge * j, edge * (i + 1), edge * (j + 1)];
}

function coveredShare(of: Box, by: Box): number {
  const overlap = (low: 0 | 1, high: 2 | 3): number =>
    Math.max(0, Math.min(of[high], by[high]) - Math.max(of[low], by[low]));
  return (overlap(0, 2) * overlap(1, 3)) / ((of[2] - of[0]) * (of[3] - of[1]));
}
