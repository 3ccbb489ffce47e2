/** What a starter experiment is made on: the drawn world, or the user's own images and conversations. */
export const starterSources = ['mini', 'own'] as const;
export type StarterSource = (typeof starterSources)[number];

export type StarterFile = Readonly<{ name: string; text: string }>;

/** Names that are file names and experiment names alike. */
export const isStarterName = (name: string): boolean => /^[A-Za-z0-9][\w-]*$/.test(name) && name !== 'mini';

/**
 * The files of a starter experiment, the one to run first. `base` is the mini experiments' base (mini.yaml), `ownData` the
 * published example of one's own data, which extends it.
 */
export function starterFiles(
  name: string,
  source: StarterSource,
  { base, ownData }: Readonly<{ base: string; ownData: string }>,
): readonly StarterFile[] {
  const experiment = source === 'mini' ? smallAblation(name) : ownData.replace(/^name: .*$/m, `name: ${name}`);
  // the published schema lies with the program, not here
  const withoutSchema = (text: string): string => text.replace(/^# yaml-language-server:.*\n/, '');
  return [
    { name: `${name}.yaml`, text: withoutSchema(experiment) },
    { name: 'mini.yaml', text: withoutSchema(base) },
  ];
}

function smallAblation(name: string): string {
  return `# Does aligning the adapter with words (SEA) help? A first, small ablation on the drawn world.
#   sea plan ${name}.yaml     what would run, and why
#   sea run ${name}.yaml      runs it, then prints the table; the second time nothing is left to run
name: ${name}
description: A small ablation of SEA on the drawn world.
extends: mini.yaml # the stages and their defaults; only what differs stands here

# Every row runs once per seed: [1, 2, 3] tells an effect from chance.
seeds: [1]

# Few images and few steps, to see everything work; models this small know little. Without these lines the sizes of
# mini.yaml hold, whose numbers mean something.
stages:
  pairs: { images: 1000 }
  captions: { images: 300 }
  instructions: { images: 300 }
  corpus: { documents: 2000 }
  encoder: { steps: 60 }
  language: { steps: 100 }
  pretrain: { steps: 20 }
  finetune: { steps: 20 }

# A row is a name and its differences from the stages: stage.parameter: value.
rows:
  Baseline: {}
  +SEA: { pretrain.align.weight: 1 }
  # +SEA, stronger: { pretrain.align.weight: 2 }

# A column is the number of one stage. Of the stages only those run that a table needs.
table:
  title: Baseline and SEA
  columns:
    - { stage: pope, label: POPE }
    - { stage: gqa, label: GQA }
    # - { stage: textvqa, label: TextVQA }
  baseline: Baseline
`;
}
