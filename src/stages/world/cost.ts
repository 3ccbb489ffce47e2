import { moving, type Priced, type Shape } from '../../cost/shape.ts';
import { bytesOf } from '../../cost/sizes.ts';
import type { Params } from './kind.ts';
import { settingsOf } from './settings.ts';

/** Bytes of a document of the corpus, and of what is known of a patch. */
const DOCUMENT = 540;
const TRUTH = 62;
/** Pictures of the benchmarks that come with what is known of them. */
const EXAM_TRUTH = 1187;
/** Words of the world that carry meaning. */
const WORDS = 328;

/** Mean tokens under the mini language model's tokenizer: prompts without the image, and answers. */
const CONVERSATIONS = {
  pairs: { tokens: 17, targets: 16 },
  captions: { tokens: 17, targets: 16 },
  instructions: { tokens: 86, targets: 19 },
} as const;

/** Questions, pictures, and mean tokens of a prompt and of an answer, at scale 1. */
const EXAM: Readonly<Record<string, readonly [questions: number, images: number, tokens: number, answer: number]>> = {
  vqav2: [450, 150, 9, 3],
  textvqa: [200, 200, 10, 4],
  gqa: [180, 60, 10, 3],
  scienceqa: [227, 227, 19, 4],
  mmbench: [800, 200, 16, 4],
  pope: [600, 100, 8, 2],
  vizwiz: [300, 300, 9, 3],
  mmvet: [300, 150, 9, 6],
  mmlu: [400, 0, 18, 1],
};

export function worldCost(params: Params): Priced {
  const outputs = outputsOf(params);
  const carried = Object.values(outputs).reduce((sum, shape) => sum + bytesOf(shape), 0);
  return { work: moving(0, carried + besides(params)), outputs };
}

/** Bytes of outputs that no priced stage reads. */
function besides(params: Params): number {
  const settings = settingsOf(params);
  const grid = 'patch' in settings ? (settings.size / settings.patch) ** 2 : 0;
  switch (settings.make) {
    case 'corpus':
      return DOCUMENT * settings.documents;
    case 'benchmarks':
      return TRUTH * grid * EXAM_TRUTH * settings.scale;
    case 'pairs':
      return 0;
    default:
      return TRUTH * grid * settings.images;
  }
}

function outputsOf(params: Params): Readonly<Record<string, Shape>> {
  const settings = settingsOf(params);
  const words: Shape = { type: 'words', of: { words: WORDS } };
  const imageBytes = 3 * settings.size ** 2 + 132; // PNG that is not compressed
  switch (settings.make) {
    case 'corpus':
      return { words };
    case 'benchmarks':
      return Object.fromEntries(
        Object.entries(EXAM).map(([name, [questions, images, tokens, answerTokens]]) => {
          const [asked, shown] = [questions * settings.scale, images * settings.scale];
          return [
            name,
            { type: 'benchmark', of: { questions: asked, images: shown, tokens, answerTokens, imageBytes } },
          ];
        }),
      );
    default: {
      const { images, make } = settings;
      const data: Shape = { type: 'dataset', of: { records: images, images, ...CONVERSATIONS[make], imageBytes } };
      return make === 'pairs' ? { data, words } : { data };
    }
  }
}
