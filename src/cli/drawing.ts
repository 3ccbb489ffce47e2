import { writeFile } from 'node:fs/promises';
import { svgToPng } from '../labels/picture.ts';
import { ProblemError } from '../problem.ts';

/** Files that a drawing is written to. */
export type DrawingFiles = Readonly<{ svg?: string; png?: string }>;

/** Writes the drawing as it was asked for; returns the paths. Draws nothing where no file is named. */
export async function writeDrawing(
  draw: () => Promise<string>,
  { svg, png }: DrawingFiles,
): Promise<readonly string[]> {
  if (svg === undefined && png === undefined) return [];
  const drawing = await draw();
  if (svg !== undefined) await write(svg, drawing);
  if (png !== undefined) await write(png, await svgToPng(drawing));
  return [svg, png].filter((path) => path !== undefined);
}

async function write(path: string, content: string | Uint8Array): Promise<void> {
  try {
    await writeFile(path, content);
  } catch (error) {
    throw new ProblemError({ code: 'not-writable', message: `cannot write ${path}: ${(error as Error).message}` });
  }
}
