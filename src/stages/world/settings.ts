import type { Params } from './kind.ts';

/** The parameters that matter for what is made, defaults filled in: these are a world's identity. */
export type Settings =
  | (Pictures & Readonly<{ make: 'pairs'; captionsPerImage: number; noise: number }>)
  | (Pictures & Readonly<{ make: 'captions' | 'instructions'; patch: number }>)
  | (Common &
      Readonly<{ make: 'corpus'; documents: number; heldOut: number; sceneShare: number; signProbability: number }>)
  | (Common & Readonly<{ make: 'benchmarks'; patch: number; split: 'test' | 'dev'; scale: number }>);

type Common = Readonly<{ seed: number; size: number }>;
type Pictures = Common & Readonly<{ images: number; signProbability: number; degradeProbability: number }>;

/** The parameters that each choice of `make` takes, besides `make` and `seed`. */
export const TAKES = {
  pairs: ['size', 'images', 'signProbability', 'degradeProbability', 'captionsPerImage', 'noise'],
  captions: ['size', 'images', 'signProbability', 'degradeProbability', 'patch'],
  instructions: ['size', 'images', 'signProbability', 'degradeProbability', 'patch'],
  corpus: ['size', 'documents', 'heldOut', 'sceneShare', 'signProbability'],
  benchmarks: ['size', 'patch', 'split', 'scale'],
} as const;

export function settingsOf(params: Params): Settings {
  const { make } = params;
  const common = { seed: params.seed ?? 0, size: params.size ?? 64 };
  const patch = params.patch ?? 8;
  const pictures = (images: number, signProbability: number, degradeProbability: number) => ({
    ...common,
    images: params.images ?? images,
    signProbability: params.signProbability ?? signProbability,
    degradeProbability: params.degradeProbability ?? degradeProbability,
  });
  switch (make) {
    case 'pairs': {
      const { captionsPerImage = 4, noise = 0.3 } = params;
      return { make, ...pictures(12_000, 0.35, 0.08), captionsPerImage, noise };
    }
    case 'captions':
      return { make, ...pictures(4_000, 0.5, 0), patch };
    case 'instructions':
      return { make, ...pictures(8_000, 0.5, 0.15), patch };
    case 'corpus': {
      const { documents = 16_000, heldOut = 60, sceneShare = 0.6, signProbability = 0.5 } = params;
      return { make, ...common, documents, heldOut, sceneShare, signProbability };
    }
    case 'benchmarks':
      return { make, ...common, patch, split: params.split ?? 'test', scale: params.scale ?? 1 };
  }
}
