import { stream } from '../data/random.ts';
import { type Picture, render } from './render.ts';
import { CELL, type Scene, type SceneOptions, sampleScene } from './scene.ts';

/** A scene and a picture of it. */
export type Shot = Readonly<{ scene: Scene; picture: Picture }>;

/** What varies from set to set; the grid follows from the picture's side. */
export type Staging = Omit<SceneOptions, 'grid'>;

/** Picture `index` of a set: the same whatever else is made, and however many. */
export function shoot(seed: number, set: string, index: number, side: number, staging: Staging): Shot {
  const scene = sampleScene(stream(seed, 'world', set, 'scene', index), { ...staging, grid: gridOf(side) });
  return { scene, picture: render(scene, stream(seed, 'world', set, 'picture', index), side) };
}

/** Cells along a side of `side` pixels. */
export function gridOf(side: number): number {
  return side / CELL;
}
