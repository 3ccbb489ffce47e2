import { inParts } from '../data/order.ts';
import { stream } from '../data/random.ts';

/** Which examples share a batch; see the parameter `grouping`. */
export type Grouping = 'none' | 'modality';

type Batches = readonly (readonly number[])[];

/**
 * The same examples in other batches of the same size. `modality`: in every epoch those with an image apart from those
 * without, in random order, and what is left of both in one last batch, as LLaVA's `group_by_modality_length` does.
 */
export function groupBatches(
  batches: Batches,
  grouping: Grouping,
  { seed, perEpoch, hasImage }: Readonly<{ seed: number; perEpoch: number; hasImage: (item: number) => boolean }>,
): Batches {
  if (grouping === 'none') return batches;
  return inParts(batches, perEpoch).flatMap((epoch, index) => {
    const items = epoch.flat();
    const size = epoch[0]?.length ?? 0;
    const cut = [items.filter(hasImage), items.filter((item) => !hasImage(item))].map((own) => inParts(own, size));
    const whole = cut.flatMap((own) => own.filter((batch) => batch.length === size));
    const rest = cut.flatMap((own) => own.filter((batch) => batch.length < size)).flat();
    return [...stream(seed, 'grouping', index).shuffle(whole), ...inParts(rest, size)];
  });
}
