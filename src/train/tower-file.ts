import { loadWeights } from '../data/checkpoint.ts';
import type { TowerConfig } from '../data/config.ts';
import { towerShapes } from '../nn/vit.ts';
import { prefixed, type Weights } from '../nn/weights.ts';

const TOWER = 'vision_model.';

/** The image tower of an encoder checkpoint, as LLaVA checkpoints carry it. The caller disposes. */
export async function loadTower(folder: string, vision: TowerConfig): Promise<Weights> {
  if ('trainedSize' in vision) return loadWeights(folder, { expect: towerShapes(vision) });
  const expect = Object.fromEntries(
    Object.entries(towerShapes(vision)).map(([name, shape]) => [name.slice(TOWER.length), shape]),
  );
  return prefixed(TOWER, await loadWeights(folder, { prefix: TOWER, expect }));
}
