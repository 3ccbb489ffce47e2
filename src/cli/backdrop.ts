import { type PictureLabels, picturePixels, type squarePicture } from '../labels/picture.ts';
import type { Backdrop } from '../report/labels/backdrop.ts';
import type { Depth } from '../report/labels/colours.ts';
import { gridLayout } from '../report/labels/picture-text.ts';

type Picture = Awaited<ReturnType<typeof squarePicture>>;

/** A picture in the size in which it lies behind a grid of words on so many columns of a terminal. */
export function backdropOf(picture: Picture, grid: PictureLabels['grid'], width: number, depth: Depth): Backdrop {
  const { across, lines } = gridLayout(grid, width);
  const [rows, columns] = grid;
  return { ...picturePixels(picture, columns * across, 2 * rows * lines), depth };
}
