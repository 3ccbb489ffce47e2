import { ProblemError } from '../problem.ts';
import { showsThing } from '../world/truth.ts';
import { type ImageTruth, readTruth } from '../world/truth-file.ts';
import type { PictureLabels } from './picture.ts';

/** How many patches of a picture have a right best word, of all and of those that show something besides the background. */
export type RightCount = Readonly<{ patches: number; right: number; things: number; rightThings: number }>;

export type Marked = Readonly<{ labels: PictureLabels; count: RightCount }>;

/** What the drawn world knows of a picture; undefined where its truth is of other pictures. */
export async function truthOfPicture(folder: string, image: string): Promise<ImageTruth | undefined> {
  for await (const truth of readTruth(folder)) if (truth.image === image) return truth;
  return undefined;
}

/** The same labels with every word marked right or wrong. Throws ProblemError where the truth is of another grid. */
export function markPicture(labels: PictureLabels, { patches, background }: ImageTruth): Marked {
  const [rows, columns] = labels.grid;
  if (patches.length !== rows * columns) {
    throw new ProblemError({
      code: 'grid-mismatch',
      message: `the truth of ${labels.image} has ${patches.length} patches, its words ${rows} x ${columns}`,
      hint: "set `patch` of the world to the side of the encoder's patches in pixels of the image",
    });
  }
  const marked = labels.patches.map((words, patch) =>
    words.map((one) => ({ ...one, right: patches[patch]?.includes(one.word) === true })),
  );
  const thing = patches.map((right) => showsThing(right, background));
  const isRight = marked.map(([best]) => best?.right === true);
  return {
    labels: { ...labels, patches: marked },
    count: {
      patches: patches.length,
      right: isRight.filter(Boolean).length,
      things: thing.filter(Boolean).length,
      rightThings: isRight.filter((right, patch) => right && thing[patch] === true).length,
    },
  };
}
